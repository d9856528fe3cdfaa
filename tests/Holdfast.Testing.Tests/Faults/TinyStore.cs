using Holdfast.Stores;

namespace Holdfast.Testing.Tests.Faults;

/// <summary>The store contract in a few lines, without expiry: something for faults to happen to.</summary>
internal sealed class TinyStore : ISessionStore
{
    public Dictionary<string, StoredSession> Sessions { get; } = [];

    public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken) =>
        ValueTask.FromResult(!Sessions.TryGetValue(key, out var session) ? SessionReadResult.Missing
            : session.Revision == knownRevision ? SessionReadResult.Unchanged
            : new SessionReadResult(SessionReadStatus.Read, session));

    public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
    {
        var session = Sessions.GetValueOrDefault(key);
        if ((session?.Revision ?? 0) != write.ExpectedRevision)
        {
            return ValueTask.FromResult(SessionWriteResult.Conflict);
        }

        var entries = new Dictionary<EntryKey, byte[]>(session?.Entries ?? new Dictionary<EntryKey, byte[]>());
        foreach (var change in write.Changes)
        {
            entries[change.Key] = change.Value!;
        }

        Sessions[key] = new StoredSession(session?.Revision + 1 ?? SessionRevision.First(), write.ExpiresAt, entries);
        return ValueTask.FromResult(new SessionWriteResult(true, Sessions[key].Revision));
    }

    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Sessions.Remove(key));

    public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => Sessions.Keys.ToAsyncEnumerable();

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => ValueTask.FromResult(0);
}
