using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Holdfast.Stores;

namespace Holdfast.Redis;

/// <summary>How a session stands in its hash: the fields <c>r</c> (revision), <c>e</c> (expiry, Unix milliseconds) and <c>w</c> (the id of the last
/// write), and one for each entry: kind, slice, NUL, name.</summary>
internal static class SessionHash
{
    /// <summary>The field of the expiry.</summary>
    public const string ExpiresAt = "e";

    /// <summary>The field of an entry. Neither slice nor name may hold the NUL between them, so none is taken for another or for a field of ours.</summary>
    public static byte[] Field(EntryKey key)
    {
        var field = new byte[2 + Encoding.UTF8.GetByteCount(key.Slice) + Encoding.UTF8.GetByteCount(key.Name)];
        field[0] = key.Kind switch
        {
            EntryKind.Slice => (byte)'s',
            EntryKind.Member => (byte)'m',
            EntryKind.Tab => (byte)'t',
            _ => throw new ArgumentOutOfRangeException(nameof(key), key.Kind, "An entry is a slice, a member or a tab's part."),
        };
        var separator = 1 + Encoding.UTF8.GetBytes(key.Slice, field.AsSpan(1));
        Encoding.UTF8.GetBytes(key.Name, field.AsSpan(separator + 1));
        return field;
    }

    /// <summary>What <c>read.lua</c> gave: fields and values by turns.</summary>
    /// <exception cref="FormatException">Something else has written to the hash; the message says what is wrong.</exception>
    public static StoredSession Parse(byte[]?[] fields)
    {
        long? revision = null, expiresAt = null;
        var entries = new Dictionary<EntryKey, byte[]>(fields.Length / 2);
        for (var i = 0; i + 1 < fields.Length; i += 2)
        {
            var (field, value) = (fields[i] ?? [], fields[i + 1] ?? []);
            switch (field)
            {
                case [(byte)'r']:
                    revision = ParseNumber(value);
                    break;
                case [(byte)'e']:
                    expiresAt = ParseNumber(value);
                    break;
                case [(byte)'w']:
                    break;
                default:
                    entries.Add(ParseEntry(field), value);
                    break;
            }
        }

        return revision is { } known && expiresAt is { } at and >= 0 && at <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? new StoredSession(known, DateTimeOffset.FromUnixTimeMilliseconds(at), entries)
            : throw new FormatException("its revision or its expiry is no number");
    }

    /// <summary>A number as the server keeps it: in decimal digits.</summary>
    public static byte[] Number(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>The number that stands there, or null.</summary>
    public static long? ParseNumber(ReadOnlySpan<byte> digits) =>
        Utf8Parser.TryParse(digits, out long number, out var length) && length == digits.Length ? number : null;

    private static EntryKey ParseEntry(ReadOnlySpan<byte> field)
    {
        var separator = field.IndexOf((byte)0);
        if (separator < 1)
        {
            throw new FormatException($"its field '{Encoding.UTF8.GetString(field)}' is no entry");
        }

        EntryKind kind = field[0] switch
        {
            (byte)'s' => EntryKind.Slice,
            (byte)'m' => EntryKind.Member,
            (byte)'t' => EntryKind.Tab,
            _ => throw new FormatException($"it has an entry of the kind '{(char)field[0]}'"),
        };
        return new EntryKey(Encoding.UTF8.GetString(field[1..separator]), kind, Encoding.UTF8.GetString(field[(separator + 1)..]));
    }
}
