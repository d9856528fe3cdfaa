namespace Holdfast.Sessions;

/// <summary>
/// Owns which events of a document are settled, and which version of the session each must wait for: an ack goes out when that is durable.
/// Thread-safe: the page adds, the session's writer asks.
/// </summary>
internal sealed class AckQueue
{
    private readonly Lock _gate = new();
    private readonly Queue<(long Ref, long Version)> _waiting = new();

    /// <summary>All events up to this are settled and durable.</summary>
    public long Acked { get; private set; }

    /// <summary>The highest settled event.</summary>
    public long Settled { get; private set; }

    /// <summary>Begins where an earlier instance ended.</summary>
    /// <param name="acked">What the document knows to be acked.</param>
    /// <param name="settled">What is settled.</param>
    /// <param name="version">The version that must be durable before the settled ones are acked.</param>
    public void Begin(long acked, long settled, long version)
    {
        lock (_gate)
        {
            Acked = acked;
            Settled = Math.Max(acked, settled);
            if (settled > acked)
            {
                _waiting.Enqueue((settled, version));
            }
        }
    }

    public void Add(long settled, long version)
    {
        lock (_gate)
        {
            Settled = settled;
            _waiting.Enqueue((settled, version));
        }
    }

    /// <summary>The highest event that became durable since the last call, or 0.</summary>
    public long Take(long durable)
    {
        lock (_gate)
        {
            var acked = 0L;
            while (_waiting.TryPeek(out var next) && next.Version <= durable)
            {
                acked = _waiting.Dequeue().Ref;
            }

            if (acked > 0)
            {
                Acked = acked;
            }

            return acked;
        }
    }
}
