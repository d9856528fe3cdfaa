using System.Text.Json;

namespace Holdfast.Testing.Clients;

/// <summary>What a control holds, as the wire writes it: a string, <c>true</c> or <c>false</c> for a check box, an array
/// of strings for a multiple select. Compared by that JSON text.</summary>
/// <param name="Json">The JSON text.</param>
public readonly record struct FieldValue(string Json)
{
    /// <summary>The text of a text control, or the value of a radio button or a select.</summary>
    public static implicit operator FieldValue(string text) => new(JsonSerializer.Serialize(text));

    /// <summary>The state of a check box.</summary>
    public static implicit operator FieldValue(bool isChecked) => new(isChecked ? "true" : "false");

    /// <summary>The selected values of a multiple select.</summary>
    public static implicit operator FieldValue(string[] selected) => new(JsonSerializer.Serialize(selected));

    /// <summary>The value as a string: the text itself, or the JSON of any other kind.</summary>
    public override string ToString() =>
        Json is ['"', ..] ? JsonSerializer.Deserialize<string>(Json)! : Json ?? "";
}
