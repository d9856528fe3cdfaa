using Holdfast.Protocol;

namespace Holdfast.Sessions;

/// <summary>
/// Owns what a page of <see cref="Durability.BeforePatch"/> would say before what it shows is stored: frames in their order, each with the version of the session that must be durable first.
/// Thread-safe: the page adds, on its dispatcher; the session's writer releases.
/// </summary>
internal sealed class HeldFrames(Session session, SliceLease lease)
{
    /// <summary>How many frames wait; after that the page goes on without patches, and is sent as a whole. Chosen: as many as wait for a slow client.</summary>
    private const int Capacity = 50;

    private readonly Lock _gate = new(); // Sending may come back here, on the same thread, when it empties a client's full buffer.
    private readonly Queue<(IPageClient Client, ServerFrame Frame, long Version, bool IsJoined)> _frames = new();
    private volatile int _joined;
    private bool _wasFull;

    /// <summary>Whether so much waits that the page must not add patches.</summary>
    public bool IsFull
    {
        get
        {
            lock (_gate)
            {
                _wasFull |= _frames.Count >= Capacity;
                return _frames.Count >= Capacity;
            }
        }
    }

    /// <summary>Whether a <c>joined</c> waits, before which the document must hear nothing.</summary>
    public bool IsJoining => _joined > 0;

    /// <summary>Sends a frame when all that the page shows now is stored: at once, if it is.</summary>
    public void Send(IPageClient client, ServerFrame frame, bool isJoined = false)
    {
        lock (_gate)
        {
            if (_frames.Count == 0 && IsStored(lease.Shown))
            {
                Pass(client, frame, isJoined);
                return;
            }

            _joined += isJoined ? 1 : 0;
            _frames.Enqueue((client, frame, lease.Shown, isJoined));
        }
    }

    /// <summary>Sends what waited for what is stored by now.</summary>
    /// <returns>The client that must be sent the page as a whole now, or null.</returns>
    public IPageClient? Release()
    {
        lock (_gate)
        {
            IPageClient? last = null;
            while (_frames.TryPeek(out var next) && IsStored(next.Version))
            {
                _frames.Dequeue();
                Pass(last = next.Client, next.Frame, next.IsJoined);
                _joined -= next.IsJoined ? 1 : 0;
            }

            if (!_wasFull || _frames.Count > 0)
            {
                return null;
            }

            _wasFull = false;
            return last;
        }
    }

    /// <summary>Drops what waits: the document is gone, or will be sent the page as a whole.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            while (_frames.TryDequeue(out var held))
            {
                held.Frame.Return();
            }

            _joined = 0;
            _wasFull = false;
        }
    }

    /// <summary>What a fenced-off instance changed never is, though the session's version is durable: so the lease is looked at after the version.</summary>
    private bool IsStored(long version) => session.Durable >= version && !lease.IsSuperseded;

    private static void Pass(IPageClient client, ServerFrame frame, bool isJoined)
    {
        if (isJoined)
        {
            client.SendJoined(frame);
        }
        else
        {
            client.Send(frame);
        }
    }
}
