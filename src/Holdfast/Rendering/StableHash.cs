namespace Holdfast.Rendering;

/// <summary>Hashes that are the same in every process (unlike <see cref="object.GetHashCode"/>): addresses outlive the server.</summary>
internal static class StableHash
{
    /// <summary>64-bit FNV-1a over UTF-16 units. Source: http://www.isthe.com/chongo/tech/comp/fnv/.</summary>
    public static ulong Of(ReadOnlySpan<char> text)
    {
        var hash = 14695981039346656037UL;
        foreach (var unit in text)
        {
            hash = (hash ^ unit) * 1099511628211UL;
        }

        return hash;
    }

    /// <summary>Adds a value to a hash; the order matters. Source: the finaliser of MurmurHash3.</summary>
    public static ulong Mix(ulong hash, ulong value)
    {
        hash ^= value + 0x9E3779B97F4A7C15UL + (hash << 6) + (hash >> 2);
        hash ^= hash >> 33;
        hash *= 0xFF51AFD7ED558CCDUL;
        hash ^= hash >> 33;
        return hash;
    }
}
