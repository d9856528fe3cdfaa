using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Rendering;

namespace Holdfast.Posts;

/// <summary>
/// Writes the controls of a form as one short text: pages have hundreds of them. Each control is, after a space, its address, its kind, the hash of what it showed, of
/// its value after a comma, and its name after a slash; the last two only where they are not those of a control without <c>value</c> and <c>name</c>.
/// </summary>
internal sealed class ServedControlsConverter : JsonConverter<IReadOnlyList<ServedControl>>
{
    private const string Kinds = "tcrl";
    private static readonly uint OnValue = ServedControl.HashOf("on");

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<ServedControl> value, JsonSerializerOptions options)
    {
        var text = new StringBuilder();
        foreach (var control in value)
        {
            text.Append(text.Length == 0 ? "" : " ").Append(control.Address).Append('.').Append(Kinds[(int)control.Kind]).Append(CultureInfo.InvariantCulture, $"{control.Shown:x}");
            if (control.Kind is ControlKind.CheckBox or ControlKind.Radio && control.Value != OnValue)
            {
                text.Append(CultureInfo.InvariantCulture, $",{control.Value:x}");
            }

            if (!control.Name.AsSpan().StartsWith(ServedPage.NamePrefix) || !control.Name.AsSpan(ServedPage.NamePrefix.Length).SequenceEqual(control.Address))
            {
                text.Append('/').Append(Uri.EscapeDataString(control.Name));
            }
        }

        writer.WriteStringValue(text.ToString());
    }

    /// <exception cref="JsonException">The text is not one that <see cref="Write"/> wrote.</exception>
    public override IReadOnlyList<ServedControl> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var controls = new List<ServedControl>();
        foreach (var control in (reader.GetString() ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            controls.Add(Parse(control));
        }

        return controls;
    }

    private static ServedControl Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var name = slash < 0 ? null : Uri.UnescapeDataString(text[(slash + 1)..]);
        var head = slash < 0 ? text : text[..slash];
        if (head.Split('.') is not [var address, [var letter, .. var hashes]] || Kinds.IndexOf(letter, StringComparison.Ordinal) is not (>= 0 and var kind))
        {
            throw new JsonException();
        }

        var parts = hashes.Split(',');
        return new ServedControl(address, name ?? ServedPage.NamePrefix + address, (ControlKind)kind, Hash(parts[0]), parts.Length > 1 ? Hash(parts[1]) : OnValue);
    }

    private static uint Hash(string text) => uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hash) ? hash : throw new JsonException();
}
