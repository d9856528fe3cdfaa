using System.Runtime.CompilerServices;
using Holdfast.Stores;

namespace Holdfast.Testing.Faults;

/// <summary>Owns the writes that were acknowledged and not written. Called only from <see cref="FaultyStore"/>.</summary>
/// <remarks>Callers see the revisions given here. Those in the store behind it are others, so a flushed session keeps
/// the pair.</remarks>
internal sealed class EarlyAcks(ISessionStore inner) : ISessionStore
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly Dictionary<string, Pending> _pending = [];
    private readonly Dictionary<string, (long Seen, long Stored)> _flushed = [];

    public async ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var session = await FindAsync(key, cancellationToken);
            return session is null ? SessionReadResult.Missing
                : session.Revision == knownRevision ? SessionReadResult.Unchanged
                : new SessionReadResult(SessionReadStatus.Read, session);
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var session = await FindAsync(key, cancellationToken);
            if ((session?.Revision ?? 0) != write.ExpectedRevision)
            {
                return SessionWriteResult.Conflict;
            }

            var next = Applied(session, write);
            var before = _pending.GetValueOrDefault(key);
            _pending[key] = new Pending(
                next,
                before?.StoredRevision ?? StoredRevisionOf(key, session),
                [.. before?.Changes ?? [], .. write.Changes]);
            return new SessionWriteResult(Committed: true, next.Revision);
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var wasPending = _pending.Remove(key);
            _flushed.Remove(key);
            return await inner.DeleteAsync(key, cancellationToken) || wasPending;
        }
        finally
        {
            _one.Release();
        }
    }

    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>(_pending.Keys);
        foreach (var key in seen)
        {
            yield return key;
        }

        await foreach (var key in inner.ListAsync(cancellationToken))
        {
            if (seen.Add(key))
            {
                yield return key;
            }
        }
    }

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => inner.SweepAsync(cancellationToken);

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            foreach (var (key, pending) in _pending.ToList())
            {
                var last = pending.Changes.GroupBy(change => change.Key).Select(changes => changes.Last());
                var result = await inner.WriteAsync(
                    key, new SessionWrite(pending.StoredRevision, pending.Session.ExpiresAt, [.. last]), cancellationToken);
                _pending.Remove(key);
                _flushed[key] = (pending.Session.Revision, result.Revision);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    public int Crash()
    {
        var lost = _pending.Count;
        _pending.Clear();
        return lost;
    }

    private async ValueTask<StoredSession?> FindAsync(string key, CancellationToken cancellationToken)
    {
        if (_pending.TryGetValue(key, out var pending))
        {
            return pending.Session;
        }

        var session = (await inner.ReadAsync(key, 0, cancellationToken)).Session;
        return session is not null && _flushed.TryGetValue(key, out var pair) && pair.Stored == session.Revision
            ? session with { Revision = pair.Seen }
            : session;
    }

    private long StoredRevisionOf(string key, StoredSession? session) =>
        session is null ? 0 : _flushed.TryGetValue(key, out var pair) && pair.Seen == session.Revision ? pair.Stored : session.Revision;

    private static StoredSession Applied(StoredSession? session, SessionWrite write)
    {
        var entries = session is null ? [] : new Dictionary<EntryKey, byte[]>(session.Entries);
        foreach (var change in write.Changes)
        {
            if (change.Value is { } value)
            {
                entries[change.Key] = value;
            }
            else
            {
                entries.Remove(change.Key);
            }
        }

        return new StoredSession(session?.Revision + 1 ?? SessionRevision.First(), write.ExpiresAt, entries);
    }

    private sealed record Pending(StoredSession Session, long StoredRevision, IReadOnlyList<EntryChange> Changes);
}
