using System.Buffers.Text;
using Holdfast.Stores;

namespace Holdfast.Benchmarks.Stores;

/// <summary>A click's entries as the peers write them: other bytes each time, as long as those of a session. Called by one writer at a time.</summary>
/// <remarks>The bytes differ, because SQLite leaves a page alone that is overwritten by what it holds.</remarks>
internal sealed class BareClick
{
    private const int Digits = 5;

    private long _number;

    public BareClick(SessionWrite click)
    {
        Keys = [.. click.Changes.Select(change => change.Key)];
        Values = [.. click.Changes.Select(change => change.Value!.ToArray())];
        Whole = [.. Values.SelectMany(value => value)];
        ExpiresAt = click.ExpiresAt.ToUnixTimeMilliseconds();
    }

    public EntryKey[] Keys { get; }

    public byte[][] Values { get; }

    /// <summary>All values as one.</summary>
    public byte[] Whole { get; }

    /// <summary>Unix time in milliseconds.</summary>
    public long ExpiresAt { get; }

    /// <summary>The next click: puts its number into the values.</summary>
    public long Next()
    {
        _number++;
        Array.ForEach(Values, Stamp);
        Stamp(Whole);
        return _number;
    }

    private void Stamp(byte[] value) => Utf8Formatter.TryFormat(_number % 100_000, value.AsSpan(^Digits), out _, new System.Buffers.StandardFormat('D', Digits));

    /// <summary>As the stores name kinds.</summary>
    public static string KindOf(EntryKey key) => key.Kind == EntryKind.Member ? "m" : "t";
}
