using System.Runtime.CompilerServices;
using Amazon.S3;
using Holdfast.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.S3;

/// <summary>Keeps sessions in an S3 bucket, one object a session: durable without a database, for several machines.</summary>
/// <remarks>
/// <para>A write is one PUT of the whole session, on the condition that the object is still the one that the change was made on; it is answered after the server has
/// taken it. The bytes of a write are those of the session, not of the change.</para>
/// <para>The node keeps the objects that it saw last, so that a write costs no read before it; see <see cref="S3StoreOptions.MaxCachedBytes"/>. What is kept decides
/// nothing: a read asks the server whether it is still so, and so does the condition of a write.</para>
/// <para>When a PUT is refused, fails or has no answer, the object is read and decides: it holds the ids of its last writes. If ours is among them it was
/// committed; if others have written, it is a conflict; if nothing has changed, the same bytes are sent again, which does no harm where the first try is still on its
/// way. Only where that does not end in the call's time is there an exception.</para>
/// <para>Expiry is kept in whole milliseconds, and is decided by the clock of this node alone.</para>
/// </remarks>
public sealed class S3SessionStore : ISessionStore, IAsyncDisposable
{
    /// <summary>How many PUTs one write may take. Chosen: each but the first needs a failure or a race.</summary>
    private const int MaxPuts = 5;

    /// <summary>How many objects a listing or a sweep looks into at the same time. Chosen: a tenth of what a busy node has under way.</summary>
    private const int LooksAtOnce = 16;

    /// <summary>What follows the key in an object's name. Keys such as <c>..</c> would otherwise be taken for folders in addresses.</summary>
    private const string Suffix = ".session";

    private const string Folder = "sessions/";

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly BucketClient _bucket;
    private readonly bool _ownsBucket;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly SeenObjects _seen;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly CallCount _calls = new();
    private S3Conditions? _conditions;

    /// <summary>Makes a store; <see cref="OpenAsync"/> connects it.</summary>
    /// <param name="options">Which bucket, and how to reach it.</param>
    /// <param name="client">A client to use, which the caller disposes. Default: one made by the options.</param>
    /// <param name="clock">Decides what has expired. Default: the system's.</param>
    /// <param name="logger">Is told which bucket was opened, and of objects that cannot be read.</param>
    /// <exception cref="SessionStoreException">The options make no client.</exception>
    public S3SessionStore(S3StoreOptions options, IAmazonS3? client = null, TimeProvider? clock = null, ILogger<S3SessionStore>? logger = null)
        : this(new BucketClient(options, client), ownsBucket: true, options.MaxCachedBytes, clock ?? TimeProvider.System, logger)
    {
    }

    internal S3SessionStore(BucketClient bucket, bool ownsBucket, long maxCachedBytes, TimeProvider clock, ILogger<S3SessionStore>? logger)
    {
        _bucket = bucket;
        _ownsBucket = ownsBucket;
        _clock = clock;
        _logger = logger ?? NullLogger<S3SessionStore>.Instance;
        _seen = new SeenObjects(maxCachedBytes);
    }

    /// <inheritdoc/>
    public StoreDurability Durability => StoreDurability.Durable;

    /// <summary>What the server makes of conditions; tests see it.</summary>
    internal S3Conditions Conditions => _conditions ?? throw S3Errors.NotOpen();

    /// <summary>How many bytes of objects are kept; tests see the bound.</summary>
    internal long CachedBytes => _seen.Bytes;

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_conditions is not null)
            {
                return;
            }

            using var call = _bucket.StartCall(cancellationToken);
            _conditions = await S3Conditions.ProbeAsync(_bucket, call.Token).ConfigureAwait(false);
            Log.Opened(_logger, _bucket.Name, _bucket.Address, _bucket.Prefix, _conditions.DeletesConditionally);
        }
        catch (Exception exception) when (S3Errors.IsServers(exception) && !cancellationToken.IsCancellationRequested)
        {
            throw S3Errors.CannotOpen(_bucket, exception);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return await RunAsync(call => ReadObjectAsync(key, knownRevision, call), S3Errors.CannotRead, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(write);
        return await RunAsync(call => WriteObjectAsync(key, write, call), S3Errors.CannotWrite, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <remarks>Two requests: whether there is one, and the removal. Of two nodes that delete one session at once, both may be told that there was one.</remarks>
    public async ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return await RunAsync(call => DeleteObjectAsync(key, call), S3Errors.CannotWrite, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <remarks>One request for 1,000 objects, and one more, of 160 bytes, for each whose expiry this node does not know from an earlier look.</remarks>
    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        EnsureOpen();
        await using var pages = _bucket.ListAsync(Folder, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await GuardAsync(() => pages.MoveNextAsync().AsTask(), S3Errors.CannotRead, cancellationToken).ConfigureAwait(false))
        {
            var live = new bool[pages.Current.Count];
            await LookAtAllAsync(
                pages.Current,
                async (index, key, listed, call) => live[index] = (_seen.Find(key, listed.ETag)?.Header ?? (await LookAsync(key, call).ConfigureAwait(false))?.Header) is { } header && header.ExpiresAt > Now,
                S3Errors.CannotRead,
                cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < live.Length; i++)
            {
                if (live[i])
                {
                    yield return KeyOf(pages.Current[i].Name)!;
                }
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// <para>Costs what a listing does, and a look and a DELETE for each that has expired. When an object was last modified says nothing here: that is by the
    /// server's clock, and a session's life may be any length. An ETag says more: what this node saw with it is what is there.</para>
    /// <para>An object is looked at right before its DELETE, which names the ETag that was seen; where the server keeps to that, nothing that was renewed meanwhile is removed.
    /// Where it does not (Ceph 16.2), a session that is begun anew in the place of an expired one between these two requests, some milliseconds, is lost.</para>
    /// </remarks>
    public async ValueTask<int> SweepAsync(CancellationToken cancellationToken)
    {
        EnsureOpen();
        var swept = 0;
        await using var pages = _bucket.ListAsync(Folder, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await GuardAsync(() => pages.MoveNextAsync().AsTask(), S3Errors.CannotWrite, cancellationToken).ConfigureAwait(false))
        {
            await LookAtAllAsync(
                pages.Current,
                async (_, key, listed, call) =>
                {
                    if (!(_seen.Find(key, listed.ETag)?.Header.ExpiresAt > Now) && await TrySweepAsync(key, call).ConfigureAwait(false))
                    {
                        Interlocked.Increment(ref swept);
                    }
                },
                S3Errors.CannotWrite,
                cancellationToken).ConfigureAwait(false);
        }

        return swept;
    }

    /// <summary>Takes no more calls and waits for the reads, writes and deletes under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await _calls.EndAsync().ConfigureAwait(false);
        if (_ownsBucket)
        {
            _bucket.Dispose();
        }
    }

    private async Task<SessionReadResult> ReadObjectAsync(string key, long knownRevision, CancellationToken call)
    {
        if (await ReadSeenAsync(key, knownRevision, call).ConfigureAwait(false) is not { } seen || seen.Header.ExpiresAt <= Now)
        {
            return SessionReadResult.Missing;
        }

        return seen.Header.Revision == knownRevision ? SessionReadResult.Unchanged : new SessionReadResult(SessionReadStatus.Read, seen.Content!.ToSession());
    }

    /// <summary>Reads what is stored now; what was seen before is not sent again. Its content may lack only where it has the revision that the caller knows.</summary>
    private async Task<SeenObject?> ReadSeenAsync(string key, long knownRevision, CancellationToken call)
    {
        var before = _seen.Use(key) is { } seen && (seen.Content is not null || seen.Header.Revision == knownRevision) ? seen : null;
        var name = NameOf(key);
        try
        {
            var fetched = await _bucket.GetAsync(name, before?.ETag, firstBytes: 0, call).ConfigureAwait(false);
            switch (fetched.Status)
            {
                case FetchedStatus.Unchanged:
                    return before;
                case FetchedStatus.Missing:
                    _seen.Remove(key);
                    return null;
                default:
                    var content = StoredObject.Parse(fetched.Bytes);
                    var now = new SeenObject(fetched.ETag, content.Header, content);
                    _seen.Set(key, now);
                    return now;
            }
        }
        catch (InvalidDataException damage)
        {
            throw S3Errors.Damaged(_bucket, name, damage);
        }
    }

    private async Task<SessionWriteResult> WriteObjectAsync(string key, SessionWrite write, CancellationToken call)
    {
        var name = NameOf(key);
        var own = new ObjectHeader(
            write.ExpectedRevision == 0 ? SessionRevision.First() : write.ExpectedRevision + 1, write.ExpiresAt.ToUnixTimeMilliseconds());
        var writeId = StoredObject.NewWriteId();
        var stored = _seen.Use(key) is { Content: not null } seen ? seen : null;
        // What is kept may be stale, so it can make a PUT, but no conflict. Without it a new session is tried as one.
        var isRead = false;
        Exception? unknown = null;
        Exception? last = null;
        for (var puts = 0; ;)
        {
            var live = stored is not null && stored.Header.ExpiresAt > Now ? stored : null;
            if (write.ExpectedRevision != (live?.Header.Revision ?? 0))
            {
                if (!isRead)
                {
                    stored = await ReadSeenAsync(key, knownRevision: 0, call).ConfigureAwait(false);
                    isRead = true;
                    continue;
                }

                return unknown is not null && Buries(stored, own) ? throw S3Errors.OutcomeUnknown(_bucket, name, unknown) : SessionWriteResult.Conflict;
            }

            if (puts++ == MaxPuts)
            {
                throw S3Errors.CannotWrite(_bucket, last!);
            }

            var next = Build(name, live?.Content, writeId, own, write.Changes);
            try
            {
                var eTag = await _bucket.PutAsync(
                    name, next.Bytes, ifMatch: stored is null ? null : Conditions.IfMatch(stored.ETag), ifNoneMatch: stored is null ? "*" : null, call).ConfigureAwait(false);
                _seen.Set(key, new SeenObject(eTag, own, next));
                return new SessionWriteResult(true, own.Revision);
            }
            catch (Exception exception) when (!call.IsCancellationRequested && S3Errors.OutcomeOf(exception) is var outcome and not RequestOutcome.Failed)
            {
                last = exception;
                unknown = outcome == RequestOutcome.Unknown ? exception : unknown;
            }

            if (puts > 1)
            {
                await Task.Delay(s_pause * puts * (0.5 + Random.Shared.NextDouble()), TimeProvider.System, call).ConfigureAwait(false);
            }

            stored = await ReadSeenAsync(key, knownRevision: 0, call).ConfigureAwait(false);
            isRead = true;
            if (stored?.Content!.HasWrite(writeId) == true)
            {
                return new SessionWriteResult(true, own.Revision);
            }
        }
    }

    private StoredObject Build(string name, StoredObject? stored, long writeId, ObjectHeader header, IReadOnlyList<EntryChange> changes)
    {
        try
        {
            return StoredObject.Build(stored, writeId, header, changes);
        }
        catch (InvalidOperationException exception)
        {
            throw S3Errors.TooLong(_bucket, name, exception);
        }
    }

    /// <summary>Whether so many writes may lie over an own one that its id is gone from the object. A first revision is random, so that one which is a little
    /// higher belongs to the same session.</summary>
    private static bool Buries(SeenObject? stored, ObjectHeader own) =>
        stored is not null && stored.Header.Revision - own.Revision is >= StoredObject.WriteIds and < int.MaxValue;

    private async Task<bool> DeleteObjectAsync(string key, CancellationToken call)
    {
        var found = true;
        try
        {
            if (await LookAsync(key, call).ConfigureAwait(false) is not { } seen)
            {
                return false;
            }

            found = seen.Header.ExpiresAt > Now;
        }
        catch (InvalidDataException)
        {
            // Deleting is what helps against a damaged object.
        }

        await _bucket.DeleteAsync(NameOf(key), ifMatch: null, call).ConfigureAwait(false);
        _seen.Remove(key);
        return found;
    }

    private async Task<bool> TrySweepAsync(string key, CancellationToken call)
    {
        if (await LookAsync(key, call).ConfigureAwait(false) is not { } seen || seen.Header.ExpiresAt > Now)
        {
            return false;
        }

        var isSwept = await _bucket.DeleteAsync(NameOf(key), Conditions.DeletesConditionally ? $"\"{seen.ETag}\"" : null, call).ConfigureAwait(false);
        _seen.Remove(key);
        return isSwept;
    }

    /// <summary>Reads the beginning of an object, and keeps what it says.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or none of ours.</exception>
    private async Task<SeenObject?> LookAsync(string key, CancellationToken call)
    {
        var fetched = await _bucket.GetAsync(NameOf(key), knownETag: null, StoredObject.HeaderBytes, call).ConfigureAwait(false);
        if (fetched.Status == FetchedStatus.Missing)
        {
            _seen.Remove(key);
            return null;
        }

        var header = StoredObject.ParseHeader(fetched.Bytes);
        if (_seen.Find(key, fetched.ETag) is { } known)
        {
            return known;
        }

        var seen = new SeenObject(fetched.ETag, header, Content: null);
        _seen.Note(key, seen);
        return seen;
    }

    /// <summary>Does something with each listed session, some at a time, each with a call's time. What cannot be read is left as it is, and logged.</summary>
    private Task LookAtAllAsync(
        IReadOnlyList<ListedObject> page,
        Func<int, string, ListedObject, CancellationToken, Task> look,
        Func<BucketClient, Exception, SessionStoreException> explain,
        CancellationToken cancellationToken) => GuardAsync(
        async () =>
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = LooksAtOnce, CancellationToken = cancellationToken };
            await Parallel.ForAsync(0, page.Count, options, async (index, token) =>
            {
                if (KeyOf(page[index].Name) is not { } key)
                {
                    return;
                }

                try
                {
                    using var call = _bucket.StartCall(token);
                    await look(index, key, page[index], call.Token).ConfigureAwait(false);
                }
                catch (InvalidDataException damage)
                {
                    Log.Damaged(_logger, page[index].Name, damage.Message);
                }
            }).ConfigureAwait(false);
            return true;
        },
        explain,
        cancellationToken);

    /// <summary>A listing or a sweep may take long, or wait for its caller: the end of the store does not wait for it, and ends it.</summary>
    private void EnsureOpen()
    {
        _calls.Enter(this).Dispose();
        _ = Conditions;
    }

    private async Task<TResult> RunAsync<TResult>(
        Func<CancellationToken, Task<TResult>> work, Func<BucketClient, Exception, SessionStoreException> explain, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var running = _calls.Enter(this);
        _ = Conditions;
        using var call = _bucket.StartCall(cancellationToken);
        return await GuardAsync(() => work(call.Token), explain, cancellationToken).ConfigureAwait(false);
    }

    private async Task<TResult> GuardAsync<TResult>(
        Func<Task<TResult>> work, Func<BucketClient, Exception, SessionStoreException> explain, CancellationToken cancellationToken)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception exception) when (S3Errors.IsServers(exception))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw explain(_bucket, exception);
        }
    }

    private string NameOf(string key) => $"{_bucket.Prefix}{Folder}{key}{Suffix}";

    private string? KeyOf(string name) => name.EndsWith(Suffix, StringComparison.Ordinal) ? name[(_bucket.Prefix.Length + Folder.Length)..^Suffix.Length] : null;
}
