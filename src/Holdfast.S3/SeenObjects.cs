namespace Holdfast.S3;

/// <summary>An object as it was last seen in the bucket.</summary>
/// <param name="ETag">Its ETag, without quotes.</param>
/// <param name="Header">What it says of itself.</param>
/// <param name="Content">All of it; null where only the beginning was read.</param>
internal sealed record SeenObject(string ETag, ObjectHeader Header, StoredObject? Content);

/// <summary>
/// Owns the objects that this node saw last, up to a number of bytes: the least recently used one goes first. It decides nothing: a write that is made on one of them
/// carries its ETag, so that the server refuses what has become stale. Called from any thread.
/// </summary>
/// <param name="maxBytes">How much it keeps, its own bookkeeping included.</param>
internal sealed class SeenObjects(long maxBytes)
{
    /// <summary>What an object costs besides its bytes: its place in list and dictionary, key, name and ETag. Estimated, rather too high.</summary>
    private const int OverheadBytes = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Place>> _places = new(StringComparer.Ordinal);
    private readonly LinkedList<Place> _byUse = [];
    private long _bytes;

    /// <summary>How many bytes it counts; tests see by it that there is a bound.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>What was seen under a key, which is now the most recently used one.</summary>
    public SeenObject? Use(string key)
    {
        lock (_gate)
        {
            if (!_places.TryGetValue(key, out var place))
            {
                return null;
            }

            _byUse.Remove(place);
            _byUse.AddFirst(place);
            return place.Value.Seen;
        }
    }

    /// <summary>What was seen under a key, if it still has this ETag; does not count as a use.</summary>
    public SeenObject? Find(string key, string eTag)
    {
        lock (_gate)
        {
            return _places.TryGetValue(key, out var place) && place.Value.Seen.ETag == eTag ? place.Value.Seen : null;
        }
    }

    /// <summary>Keeps what a session in use was seen as.</summary>
    public void Set(string key, SeenObject seen)
    {
        lock (_gate)
        {
            Drop(key);
            Add(key, seen, isInUse: true);
            while (_bytes > maxBytes)
            {
                Drop(_byUse.Last!.Value.Key);
            }
        }
    }

    /// <summary>Keeps what a listing or a sweep saw, if there is room: it displaces no session in use.</summary>
    public void Note(string key, SeenObject seen)
    {
        lock (_gate)
        {
            Drop(key);
            if (_bytes + Cost(seen) <= maxBytes)
            {
                Add(key, seen, isInUse: false);
            }
        }
    }

    /// <summary>Forgets a key.</summary>
    public void Remove(string key)
    {
        lock (_gate)
        {
            Drop(key);
        }
    }

    private void Add(string key, SeenObject seen, bool isInUse)
    {
        var place = new LinkedListNode<Place>(new Place(key, seen));
        if (isInUse)
        {
            _byUse.AddFirst(place);
        }
        else
        {
            _byUse.AddLast(place);
        }

        _places.Add(key, place);
        _bytes += Cost(seen);
    }

    private void Drop(string key)
    {
        if (_places.Remove(key, out var place))
        {
            _byUse.Remove(place);
            _bytes -= Cost(place.Value.Seen);
        }
    }

    private static long Cost(SeenObject seen) => OverheadBytes + (seen.Content?.Bytes.Length ?? 0);

    private readonly record struct Place(string Key, SeenObject Seen);
}
