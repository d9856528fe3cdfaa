namespace Holdfast.Browser.Tests.Trees;

/// <summary>All that is random in one tree and its updates: the same seed gives the same.</summary>
internal sealed class Chance(int seed)
{
    private readonly Random _random = new(seed);
    private int _id;

    /// <summary>From 0 up to, but not including, a number.</summary>
    public int Below(int limit) => _random.Next(limit);

    /// <summary>Whether it happens, that many times in a hundred.</summary>
    public bool Percent(int percent) => _random.Next(100) < percent;

    public T Of<T>(params ReadOnlySpan<T> values) => values[_random.Next(values.Length)];

    public void Shuffle<T>(List<T> values) => _random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(values));

    /// <summary>A number that was never given before.</summary>
    public int NextId() => ++_id;
}
