using System.Text;
using System.Text.Json;

namespace Holdfast.Sessions;

/// <summary>What is stored of a slice as a whole. The form is described in docs/decisions/001-the-stored-form.md.</summary>
/// <param name="Version">The version of the view's state; 0 is a view that declares none.</param>
/// <param name="Epoch">A random number that tells one life of the slice from the next: who still holds an earlier one must not write.</param>
internal readonly record struct SliceHeader(int Version, uint Epoch)
{
    public static uint NewEpoch() => (uint)Random.Shared.NextInt64(1, uint.MaxValue);

    public byte[] Encode() => Encoding.UTF8.GetBytes($"{{\"v\":{Version},\"e\":{Epoch}}}");

    /// <summary>Reads a stored header; null when the bytes are none.</summary>
    public static SliceHeader? Decode(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return root.GetProperty("v").GetInt32() is >= 0 and var version
                ? new SliceHeader(version, root.TryGetProperty("e", out var epoch) ? epoch.GetUInt32() : 0)
                : null;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
