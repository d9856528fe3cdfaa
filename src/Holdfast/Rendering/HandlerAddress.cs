namespace Holdfast.Rendering;

/// <summary>How the hash of a handler's address is written on the wire: 6 characters (36 bits), or 11 where two in a tree begin alike.</summary>
internal static class HandlerAddress
{
    public const int ShortLength = 6;
    public const int LongLength = 11;

    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// <summary>The part of the hash that the short form shows.</summary>
    public static ulong ShortPart(ulong hash) => hash >> 28;

    public static void Write(HtmlBuffer buffer, ulong hash, bool isLong)
    {
        var length = isLong ? LongLength : ShortLength;
        for (var i = 0; i < length; i++)
        {
            buffer.Append(Alphabet[Digit(hash, i)]);
        }
    }

    public static string Format(ulong hash, bool isLong) => string.Create(isLong ? LongLength : ShortLength, hash, static (text, hash) =>
    {
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = Alphabet[Digit(hash, i)];
        }
    });

    /// <summary>Reads an address. The hash of a short one has zeros where it is cut off.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out ulong hash, out bool isLong)
    {
        hash = 0;
        isLong = text.Length == LongLength;
        if (!isLong && text.Length != ShortLength)
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            var digit = Alphabet.IndexOf(text[i], StringComparison.Ordinal);
            if (digit < 0)
            {
                return false;
            }

            hash |= i == LongLength - 1 ? (ulong)digit >> 2 : (ulong)digit << (58 - (6 * i));
        }

        return true;
    }

    private static int Digit(ulong hash, int index) =>
        (int)((index == LongLength - 1 ? hash << 2 : hash >> (58 - (6 * index))) & 63);
}
