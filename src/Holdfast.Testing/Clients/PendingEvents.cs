namespace Holdfast.Testing.Clients;

/// <summary>Owns the events of a document that are not acked, and decides what is resent. Called only with the client's
/// lock held.</summary>
internal sealed class PendingEvents
{
    /// <summary>As many as the protocol lets wait in the client.</summary>
    public const int MaxWaiting = 100;

    private readonly SortedDictionary<long, PendingEvent> _events = [];
    private readonly SortedSet<long> _failed = [];
    private long? _alone;
    private long? _released;

    public long LastRef { get; private set; }

    public long Acked { get; private set; }

    /// <summary>All below it were taken by the server, as the last <c>joined</c> said.</summary>
    public long Taken { get; private set; } = 1;

    public IReadOnlyList<long> Refs => [.. _events.Keys];

    /// <summary>Those that the server refused, and those that were dropped as poison, in order.</summary>
    public IReadOnlyList<long> Failed => [.. _failed];

    /// <param name="address">Which handler it is for.</param>
    /// <param name="payload">JSON text.</param>
    /// <param name="sequence">The last patch that was applied when it happened.</param>
    public PendingEvent Add(string address, string? payload, long sequence)
    {
        if (_events.Count >= MaxWaiting)
        {
            throw new InvalidOperationException(
                $"{_events.Count} events wait for their ack, and the protocol allows no more. A browser makes the page inert "
                + "at this point. Await an ack before more events.");
        }

        var added = new PendingEvent(++LastRef, address, payload, sequence);
        _events.Add(added.Ref, added);
        return added;
    }

    /// <summary>Forgets all up to this ref.</summary>
    public void Ack(long eventRef)
    {
        Acked = Math.Max(Acked, eventRef);
        foreach (var acked in _events.Keys.TakeWhile(key => key <= Acked).ToList())
        {
            _events.Remove(acked);
        }

        LetOthersGo();
    }

    /// <summary>The event failed: it is settled, and only its place is kept until the ack.</summary>
    public void Fail(long eventRef)
    {
        if (_events.TryGetValue(eventRef, out var failed))
        {
            failed.IsFailed = true;
            _failed.Add(eventRef);
        }

        LetOthersGo();
    }

    /// <summary>A <c>joined</c> came. After the death of a server the first event is resent alone; one that was there at
    /// two deaths in a row is dropped.</summary>
    public void Rejoined(long next, bool afterDeath)
    {
        Taken = Math.Max(1, next);
        _alone = null;
        if (afterDeath && _events.Values.FirstOrDefault(pending => pending.Ref >= next && !pending.IsFailed) is { WasSent: true } first)
        {
            first.Deaths++;
            _alone = first.Ref;
            if (first.Deaths >= 2)
            {
                first.IsFailed = true;
                _failed.Add(first.Ref);
            }
        }
    }

    public bool IsSettled(long eventRef) =>
        eventRef <= Acked || eventRef < Taken || (_events.TryGetValue(eventRef, out var pending) && pending.IsFailed);

    /// <summary>Whether the event may be sent now.</summary>
    public bool MaySend(PendingEvent pending) => _alone is null || pending.Ref <= _alone;

    /// <summary>What to send again, from a ref on, in order.</summary>
    public IReadOnlyList<PendingEvent> From(long first) =>
        [.. _events.Values.Where(pending => pending.Ref >= first && MaySend(pending))];

    /// <summary>The refs that wait for the one that is sent alone; taken once, when it is settled.</summary>
    public long? TakeReleased()
    {
        var released = _released;
        _released = null;
        return released;
    }

    private void LetOthersGo()
    {
        if (_alone is { } alone && (alone <= Acked || (_events.TryGetValue(alone, out var pending) && pending.IsFailed)))
        {
            _alone = null;
            _released = alone + 1;
        }
    }
}

/// <summary>An event that is not acked.</summary>
internal sealed class PendingEvent(long eventRef, string address, string? payload, long sequence)
{
    public long Ref { get; } = eventRef;

    public bool WasSent { get; set; }

    /// <summary>At how many deaths of a server, in a row, it was the first.</summary>
    public int Deaths { get; set; }

    /// <summary>Failed or dropped: resent, it is the empty event that only takes its place.</summary>
    public bool IsFailed { get; set; }

    public string Frame => IsFailed
        ? $"[\"event\",{Ref},{sequence},\"\",null]"
        : $"[\"event\",{Ref},{sequence},\"{address}\"{(payload is null ? "" : "," + payload)}]";
}
