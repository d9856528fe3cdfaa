using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Stores;

namespace Holdfast.Postgres;

/// <summary>Stands for an entry's name in the index, whose keys are bounded where names are not.</summary>
internal static class EntryHash
{
    /// <summary>Longest name in bytes: 1,024 and 256 characters of at most three bytes each, and two between them.</summary>
    private const int MostBytes = ((1024 + 256) * 3) + 2;

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The first 16 bytes of the SHA-256 of slice, NUL, kind and name. No name has a NUL in it, so no two names give the same bytes.</summary>
    /// <exception cref="ArgumentException">The name is none that a store has to take: it is too long, has a NUL in it, or half a character.</exception>
    public static Guid Of(EntryKey key)
    {
        var (slice, kind, name) = key;
        if (slice.Length > 1024 || name.Length > 256 || slice.Contains('\0') || name.Contains('\0'))
        {
            throw PostgresErrors.BadName(key, null);
        }

        var bytes = ArrayPool<byte>.Shared.Rent(MostBytes);
        try
        {
            var length = s_strict.GetBytes(slice, bytes);
            bytes[length++] = 0;
            bytes[length++] = (byte)EntryKindText.Of(kind)[0];
            length += s_strict.GetBytes(name, bytes.AsSpan(length));
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(bytes.AsSpan(0, length), hash);
            return new Guid(hash[..16], bigEndian: true);
        }
        catch (EncoderFallbackException exception)
        {
            throw PostgresErrors.BadName(key, exception);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
