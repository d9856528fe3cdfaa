using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Holdfast.Stores;
using Holdfast.Testing.Network;

namespace Holdfast.Testing.Faults;

/// <summary>
/// A store that fails as stores do, when a test says so; otherwise it passes everything on to another store, and counts.
/// </summary>
/// <remarks>
/// <para>Faults are used up in the order of the calls. Any thread may call any member.</para>
/// <para>While <see cref="AcknowledgesEarly"/> is set, writes are answered as committed and kept in memory only;
/// <see cref="FlushAsync"/> writes them, <see cref="Crash"/> loses them. It shows what a store that lies costs, and that a
/// test of durability notices one.</para>
/// </remarks>
public sealed class FaultyStore(ISessionStore inner) : ISessionStore
{
    private readonly ConcurrentQueue<WriteFault> _writeFaults = new();
    private readonly Gate _reads = new();
    private readonly Gate _writes = new();
    private readonly ConcurrentDictionary<string, Gate> _writesOf = new(StringComparer.Ordinal);
    private readonly EarlyAcks _early = new(inner);
    private int _readFaults;
    private int _corruptReads;
    private Func<EntryKey, bool> _corrupts = _ => true;
    private long _readCalls;
    private long _writeCalls;
    private long _conflicts;
    private long _bytesRead;
    private long _bytesWritten;

    /// <summary>How often <see cref="ReadAsync"/> was called, failures included.</summary>
    public long Reads => Interlocked.Read(ref _readCalls);

    /// <summary>How often <see cref="WriteAsync"/> was called, failures and conflicts included.</summary>
    public long Writes => Interlocked.Read(ref _writeCalls);

    /// <summary>How many of the writes were answered by a conflict.</summary>
    public long Conflicts => Interlocked.Read(ref _conflicts);

    /// <summary>The bytes of all values that were read.</summary>
    public long BytesRead => Interlocked.Read(ref _bytesRead);

    /// <summary>The bytes of all values that were given to be written.</summary>
    public long BytesWritten => Interlocked.Read(ref _bytesWritten);

    /// <summary>Whether writes are acknowledged before anything is written. Set it before the first call.</summary>
    public bool AcknowledgesEarly { get; set; }

    /// <inheritdoc />
    public StoreDurability Durability => inner.Durability;

    /// <inheritdoc />
    public ValueTask OpenAsync(CancellationToken cancellationToken) => inner.OpenAsync(cancellationToken);

    /// <summary>Lets the next reads fail; without a number all, until <see cref="Heal"/>.</summary>
    public void FailReads(int count = int.MaxValue) => Interlocked.Exchange(ref _readFaults, count);

    /// <summary>Lets the next writes fail, after those that were already asked to.</summary>
    public void FailWrites(WriteFault fault, int count = 1)
    {
        for (var i = 0; i < count; i++)
        {
            _writeFaults.Enqueue(fault);
        }
    }

    /// <summary>Alters the bytes of the entries that the next reads return; the stored ones stay.</summary>
    /// <param name="count">How many reads.</param>
    /// <param name="which">Which entries; default: all.</param>
    public void CorruptReads(int count = 1, Func<EntryKey, bool>? which = null)
    {
        _corrupts = which ?? (_ => true);
        Interlocked.Exchange(ref _corruptReads, count);
    }

    /// <summary>Lets reads wait until <see cref="ReleaseReads"/>.</summary>
    public void HoldReads() => _reads.Close();

    /// <summary>Lets the reads that wait, and all others, go on.</summary>
    public void ReleaseReads() => _reads.Open();

    /// <summary>Lets writes wait, before they are applied, until <see cref="ReleaseWrites"/>.</summary>
    /// <param name="key">Whose; default: everybody's.</param>
    public void HoldWrites(string? key = null) => (key is null ? _writes : _writesOf.GetOrAdd(key, static _ => new Gate())).Close();

    /// <summary>Lets the writes that wait go on, and all that follow.</summary>
    /// <param name="key">Only those of this session; default: all, also those that were held by their key.</param>
    public void ReleaseWrites(string? key = null)
    {
        if (key is not null)
        {
            _writesOf.GetValueOrDefault(key)?.Open();
            return;
        }

        _writes.Open();
        foreach (var gate in _writesOf.Values)
        {
            gate.Open();
        }
    }

    /// <summary>Lets the writes through that wait now, of those that are held without a key; what follows waits.</summary>
    public void ReleaseWaitingWrites() => _writes.LetThrough();

    /// <summary>Ends all faults and holds.</summary>
    public void Heal()
    {
        Interlocked.Exchange(ref _readFaults, 0);
        Interlocked.Exchange(ref _corruptReads, 0);
        _writeFaults.Clear();
        ReleaseReads();
        ReleaseWrites();
    }

    /// <summary>Writes what was acknowledged early.</summary>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => _early.FlushAsync(cancellationToken);

    /// <summary>Loses what was acknowledged early and not flushed.</summary>
    /// <returns>How many sessions lost something.</returns>
    public int Crash() => _early.Crash();

    /// <inheritdoc />
    public async ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _readCalls);
        await _reads.PassAsync(cancellationToken);
        if (TakeOne(ref _readFaults))
        {
            throw new StoreFaultException($"The read of '{key}' failed, as the test asked.");
        }

        var result = await (AcknowledgesEarly ? _early : inner).ReadAsync(key, knownRevision, cancellationToken);
        if (result.Session is { } session)
        {
            Interlocked.Add(ref _bytesRead, session.Entries.Values.Sum(value => (long)value.Length));
            if (TakeOne(ref _corruptReads))
            {
                return result with { Session = Corrupted(session) };
            }
        }

        return result;
    }

    /// <inheritdoc />
    public async ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        Interlocked.Increment(ref _writeCalls);
        Interlocked.Add(ref _bytesWritten, write.Changes.Sum(change => (long)(change.Value?.Length ?? 0)));
        await _writes.PassAsync(cancellationToken);
        if (_writesOf.TryGetValue(key, out var gate))
        {
            await gate.PassAsync(cancellationToken);
        }

        var fails = _writeFaults.TryDequeue(out var fault);
        if (fails && fault == WriteFault.BeforeItWasApplied)
        {
            throw new StoreFaultException($"The write of '{key}' failed before it was applied, as the test asked.");
        }

        var result = await (AcknowledgesEarly ? _early : inner).WriteAsync(key, write, cancellationToken);
        if (!result.Committed)
        {
            Interlocked.Increment(ref _conflicts);
        }

        return fails
            ? throw new StoreFaultException($"The answer to the write of '{key}' was lost, as the test asked.")
            : result;
    }

    /// <inheritdoc />
    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) =>
        (AcknowledgesEarly ? _early : inner).DeleteAsync(key, cancellationToken);

    /// <inheritdoc />
    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var key in (AcknowledgesEarly ? _early : inner).ListAsync(cancellationToken))
        {
            yield return key;
        }
    }

    /// <inheritdoc />
    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => inner.SweepAsync(cancellationToken);

    private static bool TakeOne(ref int count)
    {
        while (Volatile.Read(ref count) is > 0 and var left)
        {
            if (Interlocked.CompareExchange(ref count, left - 1, left) == left)
            {
                return true;
            }
        }

        return false;
    }

    private StoredSession Corrupted(StoredSession session) => session with
    {
        Entries = session.Entries.ToDictionary(
            entry => entry.Key, entry => _corrupts(entry.Key) ? [.. entry.Value.Select(b => (byte)~b)] : entry.Value),
    };
}
