using System.Text.Encodings.Web;
using System.Text.Json;

namespace Holdfast.State;

/// <summary>How members become JSON. The form is part of what is stored: see docs/decisions/001-the-stored-form.md.</summary>
internal static class StateJson
{
    /// <summary>The options that all stored members have in common.</summary>
    public static JsonSerializerOptions Options { get; } = CreateOptions();

    /// <summary>The default options: names as declared, fields included (so that tuples work), nothing escaped but what JSON needs.</summary>
    public static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions(JsonSerializerOptions.Default)
        {
            IncludeFields = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
