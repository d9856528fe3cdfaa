using System.Diagnostics.CodeAnalysis;

namespace Holdfast.Posts;

/// <summary>
/// Remembers where the last POSTs led, so that one that comes twice is answered alike, also by a page that stores nothing. Per node, and lost with it: the
/// session's own mark is what counts. Thread-safe.
/// </summary>
internal sealed class RecentPosts
{
    /// <summary>Chosen: a double click's second request comes within the first thousands of others, and with the longest addresses it is 16 MB.</summary>
    private const int Capacity = 4_000;
    private const int LongestLocation = 2_000;

    private readonly Dictionary<string, string> _locations = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private readonly Lock _gate = new();

    public bool TryGet(string key, [MaybeNullWhen(false)] out string location)
    {
        lock (_gate)
        {
            return _locations.TryGetValue(key, out location);
        }
    }

    public void Add(string key, string location)
    {
        lock (_gate)
        {
            if (location.Length > LongestLocation || !_locations.TryAdd(key, location))
            {
                return;
            }

            _order.Enqueue(key);
            if (_order.Count > Capacity)
            {
                _locations.Remove(_order.Dequeue());
            }
        }
    }
}
