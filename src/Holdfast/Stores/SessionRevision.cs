using System.Security.Cryptography;

namespace Holdfast.Stores;

/// <summary>How revisions begin and go on; the same in every store.</summary>
public static class SessionRevision
{
    /// <summary>A random first revision: from 2³² up to 2⁵², so that it never meets one of a deleted predecessor, and
    /// still fits a JavaScript number after any number of writes.</summary>
    public static long First()
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);
        var random = BitConverter.ToInt64(bytes) & ((1L << 52) - 1);
        return random | (1L << 32);
    }
}
