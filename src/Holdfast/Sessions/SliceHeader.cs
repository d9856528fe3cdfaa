using System.Text;
using System.Text.Json;

namespace Holdfast.Sessions;

/// <summary>What is stored of a slice as a whole: the version of its view's state. The form is described in docs/decisions/001-the-stored-form.md.</summary>
internal static class SliceHeader
{
    public static byte[] Encode(int version) => Encoding.UTF8.GetBytes($"{{\"v\":{version}}}");

    /// <summary>Reads the version; null when the bytes are not a header.</summary>
    public static int? Decode(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.GetProperty("v").GetInt32() is >= 0 and var version ? version : null;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
