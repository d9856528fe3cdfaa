using System.Text;
using System.Text.Json;

namespace Holdfast.Sessions;

/// <summary>What is stored of a slice as a whole. The form is described in docs/decisions/001-the-stored-form.md.</summary>
/// <param name="Version">The version of the view's state; 0 is a view that declares none.</param>
/// <param name="Epoch">A random number that tells one life of the slice from the next: who still holds an earlier one must not write.</param>
internal readonly record struct SliceHeader(int Version, uint Epoch)
{
    /// <summary>The header of a slice that begins now.</summary>
    public static SliceHeader New() => new(0, (uint)Random.Shared.NextInt64(1, uint.MaxValue));

    public byte[] Encode() => Encoding.UTF8.GetBytes($"{{\"v\":{Version},\"e\":{Epoch}}}");

    /// <summary>Reads a stored header. One that cannot be read is of another life than any.</summary>
    public static SliceHeader Decode(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return new SliceHeader(root.GetProperty("v").GetInt32(), root.TryGetProperty("e", out var epoch) ? epoch.GetUInt32() : 0);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return default;
        }
    }
}
