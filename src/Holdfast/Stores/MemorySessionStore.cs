using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Holdfast.Stores;

/// <summary>Keeps sessions in the memory of this process: for development, tests, and state that may end with the process.</summary>
/// <remarks>
/// <para>It keeps the store contract in full but for one thing: a crash or the end of the process loses every session. Every
/// call completes before it returns. Several hosts in one process may share one instance, as nodes share a database.</para>
/// <para>Nothing bounds how much it holds; what has expired goes at the sweep.</para>
/// </remarks>
/// <param name="clock">Decides what has expired.</param>
public sealed class MemorySessionStore(TimeProvider clock) : ISessionStore
{
    private readonly ConcurrentDictionary<string, Record> _records = new(StringComparer.Ordinal);

    /// <summary>A store that goes by the system's clock.</summary>
    public MemorySessionStore() : this(TimeProvider.System)
    {
    }

    /// <inheritdoc/>
    public StoreDurability Durability => StoreDurability.Process;

    /// <inheritdoc/>
    public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SessionReadResult>(cancellationToken);
        }
        if (!_records.TryGetValue(key, out var record))
        {
            return ValueTask.FromResult(SessionReadResult.Missing);
        }
        lock (record)
        {
            return ValueTask.FromResult(
                !record.IsLive(clock.GetUtcNow()) ? SessionReadResult.Missing
                : record.Revision == knownRevision ? SessionReadResult.Unchanged
                : new SessionReadResult(SessionReadStatus.Read, record.Copy()));
        }
    }

    /// <inheritdoc/>
    public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(write);
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<SessionWriteResult>(cancellationToken)
            : ValueTask.FromResult(Write(key, write));
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<bool>(cancellationToken)
            : ValueTask.FromResult(Delete(key));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var (key, record) in _records)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool live;
            lock (record)
            {
                live = record.IsLive(clock.GetUtcNow());
            }
            if (live)
            {
                yield return key;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<int> SweepAsync(CancellationToken cancellationToken)
    {
        var swept = 0;
        foreach (var (key, record) in _records)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return ValueTask.FromCanceled<int>(cancellationToken);
            }
            lock (record)
            {
                // A record without a revision is one that a writer is about to fill.
                if (record.Revision != 0 && !record.IsLive(clock.GetUtcNow()))
                {
                    Remove(key, record);
                    swept++;
                }
            }
        }
        return ValueTask.FromResult(swept);
    }

    private SessionWriteResult Write(string key, SessionWrite write)
    {
        // Copied before the lock is taken, so that running out of memory leaves the record whole.
        var changes = Copy(write.Changes);
        while (true)
        {
            Record? record;
            if (write.ExpectedRevision == 0)
            {
                record = _records.GetOrAdd(key, static _ => new Record());
            }
            else if (!_records.TryGetValue(key, out record))
            {
                return SessionWriteResult.Conflict;
            }
            lock (record)
            {
                // Removed between finding and locking it: what counts is what stands under the key now.
                if (!record.Removed)
                {
                    return record.TryApply(write, changes, clock.GetUtcNow())
                        ? new SessionWriteResult(true, record.Revision)
                        : SessionWriteResult.Conflict;
                }
            }
        }
    }

    private bool Delete(string key)
    {
        while (_records.TryGetValue(key, out var record))
        {
            lock (record)
            {
                if (!record.Removed)
                {
                    var live = record.IsLive(clock.GetUtcNow());
                    Remove(key, record);
                    return live;
                }
            }
        }
        return false;
    }

    /// <summary>Needs the record's lock. Whoever waits for that lock sees that the record is no longer the key's.</summary>
    private void Remove(string key, Record record)
    {
        record.Removed = true;
        _records.TryRemove(KeyValuePair.Create(key, record));
    }

    private static EntryChange[] Copy(IReadOnlyList<EntryChange> changes)
    {
        if (changes.Count == 0)
        {
            return [];
        }
        var copies = new EntryChange[changes.Count];
        for (var i = 0; i < copies.Length; i++)
        {
            copies[i] = changes[i] with { Value = Copy(changes[i].Value) };
        }
        return copies;
    }

    private static byte[]? Copy(byte[]? value) => value?.AsSpan().ToArray();

    /// <summary>Owns one session's entries. Touched only with its own lock held; never locked while another is.</summary>
    private sealed class Record
    {
        private readonly Dictionary<EntryKey, byte[]> _entries = [];
        private DateTimeOffset _expiresAt;

        /// <summary>0 until a first write is applied.</summary>
        public long Revision { get; private set; }

        public bool Removed { get; set; }

        public bool IsLive(DateTimeOffset now) => !Removed && Revision != 0 && now < _expiresAt;

        public bool TryApply(SessionWrite write, EntryChange[] changes, DateTimeOffset now)
        {
            var live = IsLive(now);
            if (write.ExpectedRevision != (live ? Revision : 0))
            {
                return false;
            }
            if (!live)
            {
                _entries.Clear();
            }
            foreach (var change in changes)
            {
                if (change.Value is { } value)
                {
                    _entries[change.Key] = value;
                }
                else
                {
                    _entries.Remove(change.Key);
                }
            }
            Revision = live ? Revision + 1 : SessionRevision.First();
            _expiresAt = write.ExpiresAt;
            return true;
        }

        public StoredSession Copy()
        {
            var entries = new Dictionary<EntryKey, byte[]>(_entries.Count);
            foreach (var (key, value) in _entries)
            {
                entries.Add(key, MemorySessionStore.Copy(value)!);
            }
            return new StoredSession(Revision, _expiresAt, entries);
        }
    }
}
