using System.Runtime.CompilerServices;
using Holdfast.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Sqlite;

/// <summary>Keeps sessions in a SQLite file: durable on one machine, without a server.</summary>
/// <remarks>
/// <para>A write is answered after SQLite's commit has returned, with <c>synchronous=FULL</c>: neither a killed process nor
/// a power cut loses it, so far as the disk keeps what it confirmed. A crash before the answer leaves all of the write or
/// nothing; what is half in the log is ignored when the file is next opened.</para>
/// <para>Every change goes through one thread, which commits the changes of many sessions in one transaction. Reads run on
/// the caller's thread and complete before they return; neither waits for the other.</para>
/// <para>Several stores, also in several processes of one machine, may have the same file open: they see each other's
/// commits. Expiry is kept in whole milliseconds.</para>
/// </remarks>
public sealed class SqliteSessionStore : ISessionStore, IAsyncDisposable
{
    /// <summary>How many keys or records are read at once in a listing or a sweep. Chosen: one transaction of a sweep then
    /// holds up writes for a few milliseconds.</summary>
    private const int PageSize = 500;

    private readonly TimeProvider _clock;
    private readonly SqliteWriter _writer;
    private readonly SqliteReaderPool _readers;

    /// <summary>Opens the file, and makes it if it is not there.</summary>
    /// <param name="options">Where the file is; a relative path counts from the working directory.</param>
    /// <param name="clock">Decides what has expired. Default: the system's.</param>
    /// <param name="logger">Is told which file was opened.</param>
    /// <exception cref="SessionStoreException">The file could not be opened; the message says why and what to do.</exception>
    public SqliteSessionStore(
        SqliteStoreOptions options, TimeProvider? clock = null, ILogger<SqliteSessionStore>? logger = null)
        : this(new SqliteDatabase(Path.GetFullPath(options.Path)), clock ?? TimeProvider.System, logger)
    {
    }

    internal SqliteSessionStore(SqliteDatabase database, TimeProvider clock, ILogger<SqliteSessionStore>? logger)
    {
        _clock = clock;
        _writer = new SqliteWriter(database, clock);
        _readers = new SqliteReaderPool(database);
        Log.Opened(logger ?? NullLogger<SqliteSessionStore>.Instance, database.Path);
    }

    /// <summary>How many transactions this store has committed; tests see by it that sessions share them.</summary>
    internal long Transactions => _writer.Transactions;

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SessionReadResult>(cancellationToken);
        }
        try
        {
            return ValueTask.FromResult(_readers.Use(
                (key, knownRevision, Now),
                static (reader, read) => reader.Read(read.key, read.knownRevision, read.Now)));
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<SessionReadResult>(exception);
        }
    }

    /// <inheritdoc/>
    public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(write);
        return Enqueue(new WriteOperation(key, write, cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Enqueue(new DeleteOperation(key, cancellationToken));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        // Page by page: a reader that the caller holds open would keep the log from being taken back.
        for (var last = "";;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var keys = _readers.Use(
                (last, Now), static (reader, list) => reader.List(list.last, list.Now, PageSize));
            foreach (var key in keys)
            {
                yield return key;
            }
            if (keys.Count < PageSize)
            {
                yield break;
            }
            last = keys[^1];
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> SweepAsync(CancellationToken cancellationToken)
    {
        var swept = 0;
        for (var last = 0L;;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var records = _readers.Use(
                (last, Now), static (reader, list) => reader.ListExpired(list.last, list.Now, PageSize));
            if (records.Count > 0)
            {
                swept += await Enqueue(new SweepOperation(records, cancellationToken)).ConfigureAwait(false);
            }
            if (records.Count < PageSize)
            {
                return swept;
            }
            last = records[^1];
        }
    }

    /// <summary>Takes no more calls, writes what was taken before, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _readers.Dispose();
        await _writer.StopAsync().ConfigureAwait(false);
    }

    private ValueTask<TResult> Enqueue<TResult>(WriterOperation<TResult> operation)
    {
        var cancellation = operation.Cancellation;
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TResult>(cancellation);
        }
        _writer.Enqueue(operation);
        // Ends the caller's wait; a write that is under way goes on.
        return new ValueTask<TResult>(
            cancellation.CanBeCanceled ? operation.Task.WaitAsync(cancellation) : operation.Task);
    }
}
