namespace Holdfast.Rendering;

/// <summary>Shows whether a document holds what the server would write. Source: docs/protocol.md, "Digest".</summary>
internal struct Digest
{
    private uint _a = 0x811c9dc5;
    private uint _b = 0x9e3779b9;
    private uint _sumA;
    private uint _sumB;

    public Digest()
    {
    }

    public void Feed(char unit)
    {
        _a = (_a ^ unit) * 0x01000193;
        _b = (_b ^ unit) * 0x85ebca6b;
    }

    public void Feed(ReadOnlySpan<char> text)
    {
        foreach (var unit in text)
        {
            Feed(unit);
        }
    }

    /// <summary>Adds an attribute of the element that was begun; <see cref="EndAttributes"/> feeds their sum, so their order does not matter.</summary>
    public void Attribute(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        var pair = new Digest();
        pair.Feed(name);
        pair.Feed('\0');
        pair.Feed(value);
        _sumA += Scramble(pair._a);
        _sumB += Scramble(pair._b);
    }

    /// <summary>Without it, the sum would not see values that change places. Source: a step of MurmurHash3's finaliser.</summary>
    private static uint Scramble(uint value)
    {
        value ^= value >> 16;
        value *= 0x85ebca6b;
        return value ^ (value >> 13);
    }

    public void EndAttributes()
    {
        Feed((char)(_sumA & 0xffff));
        Feed((char)(_sumA >> 16));
        Feed((char)(_sumB & 0xffff));
        Feed((char)(_sumB >> 16));
        (_sumA, _sumB) = (0, 0);
    }

    public readonly override string ToString() => $"{_a:x8}{_b:x8}";
}
