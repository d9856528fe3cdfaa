using System.Buffers;

namespace Holdfast.Rendering;

/// <summary>A growing, pooled buffer of HTML. Owned by one writer at a time; returned on dispose.</summary>
/// <param name="capacity">How many characters it will probably hold.</param>
internal sealed class HtmlBuffer(int capacity = 1024) : IDisposable
{
    private static readonly SearchValues<char> TextSpecials = SearchValues.Create("&<>\r");
    private static readonly SearchValues<char> AttributeSpecials = SearchValues.Create("&<>\"\r");

    private char[] _chars = ArrayPool<char>.Shared.Rent(capacity);
    private int _length;

    public ReadOnlySpan<char> Written => _chars.AsSpan(0, _length);

    public int Length => _length;

    public void Clear() => _length = 0;

    /// <summary>Puts text before what was written later.</summary>
    public void Insert(int index, ReadOnlySpan<char> value)
    {
        if (value.IsEmpty)
        {
            return;
        }

        Append(value); // Makes room.
        _chars.AsSpan(index, _length - value.Length - index).CopyTo(_chars.AsSpan(index + value.Length));
        value.CopyTo(_chars.AsSpan(index));
    }

    public void Append(char value)
    {
        if (_length == _chars.Length)
        {
            Grow(1);
        }

        _chars[_length++] = value;
    }

    public void Append(ReadOnlySpan<char> value)
    {
        if (_chars.Length - _length < value.Length)
        {
            Grow(value.Length);
        }

        value.CopyTo(_chars.AsSpan(_length));
        _length += value.Length;
    }

    /// <summary>Appends text between tags. A carriage return is written as a reference: the parser would make it a line feed.</summary>
    public void AppendText(ReadOnlySpan<char> text) => AppendEscaped(text, TextSpecials);

    /// <summary>Appends the value of an attribute in double quotes.</summary>
    public void AppendAttributeValue(ReadOnlySpan<char> text) => AppendEscaped(text, AttributeSpecials);

    public void Dispose()
    {
        ArrayPool<char>.Shared.Return(_chars);
        _chars = [];
        _length = 0;
    }

    private void AppendEscaped(ReadOnlySpan<char> text, SearchValues<char> specials)
    {
        int index;
        while ((index = text.IndexOfAny(specials)) >= 0)
        {
            Append(text[..index]);
            Append(text[index] switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                _ => "&#xD;",
            });
            text = text[(index + 1)..];
        }

        Append(text);
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<char>.Shared.Rent(Math.Max(_chars.Length * 2, _length + needed));
        _chars.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<char>.Shared.Return(_chars);
        _chars = larger;
    }
}
