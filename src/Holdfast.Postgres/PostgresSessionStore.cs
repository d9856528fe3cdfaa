using System.Runtime.CompilerServices;
using Holdfast.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Holdfast.Postgres;

/// <summary>Keeps sessions in PostgreSQL, for any number of machines.</summary>
/// <remarks>
/// <para>A write is answered after the server has committed it. Whether a commit waits for the server's disk is the server's setting;
/// <see cref="Durability"/> tells what was found when the store was opened.</para>
/// <para>The changes of many sessions are committed in one transaction. Reads have connections of their own; neither waits for the other.</para>
/// <para>Expiry is kept in whole milliseconds, and decided by the clock of who asks.</para>
/// </remarks>
public sealed class PostgresSessionStore : ISessionStore, IAsyncDisposable
{
    /// <summary>How many keys or records are dealt with at once in a listing or a sweep. Chosen: a transaction of a sweep then holds up writes to the
    /// sessions concerned for a few milliseconds.</summary>
    private const int PageSize = 500;

    /// <summary>How often a statement is sent that changes nothing, or may be done again, before it fails.</summary>
    private const int MostAttempts = 5;

    private readonly PostgresDatabase _database;
    private readonly bool _ownsDatabase;
    private readonly TimeProvider _clock;
    private readonly PostgresWriter _writer;
    private volatile bool _disposed;

    /// <summary>A store that connects when it is opened.</summary>
    /// <param name="options">Where the database is, and how long to wait for it.</param>
    /// <param name="clock">Decides what has expired. Default: the system's.</param>
    /// <param name="logger">Is told what was opened, and warned of a server that is not durable.</param>
    /// <exception cref="ArgumentException">The options say no place, or their values are none that can be.</exception>
    public PostgresSessionStore(PostgresStoreOptions options, TimeProvider? clock = null, ILogger<PostgresSessionStore>? logger = null)
        : this(new PostgresDatabase(options, logger ?? NullLogger<PostgresSessionStore>.Instance), clock ?? TimeProvider.System) => _ownsDatabase = true;

    internal PostgresSessionStore(PostgresDatabase database, TimeProvider clock)
    {
        _database = database;
        _clock = clock;
        _writer = new PostgresWriter(database, clock);
    }

    /// <inheritdoc/>
    public StoreDurability Durability => _database.Durability;

    /// <summary>How many transactions of writes this store has committed; tests see by it that sessions share them.</summary>
    internal long Transactions => _writer.Transactions;

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <inheritdoc/>
    public async ValueTask OpenAsync(CancellationToken cancellationToken) => await _database.OpenAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new ValueTask<SessionReadResult>(UseAsync(
            async connection =>
            {
                await using var command = _database.Command(connection, _database.Sql.Read, Parameter(key), Parameter(knownRevision));
                await using var row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                return await ReadAsync(row, knownRevision, cancellationToken).ConfigureAwait(false);
            },
            PostgresErrors.CannotRead,
            cancellationToken,
            onlyReads: true));
    }

    /// <inheritdoc/>
    public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(write);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<SessionWriteResult>(cancellationToken);
        }

        WriteOperation operation;
        try
        {
            operation = new WriteOperation(key, write, cancellationToken);
            _writer.Enqueue(operation);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException<SessionWriteResult>(exception);
        }

        // Ends the caller's wait; a write that is under way goes on.
        return new ValueTask<SessionWriteResult>(cancellationToken.CanBeCanceled ? operation.Task.WaitAsync(cancellationToken) : operation.Task);
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new ValueTask<bool>(UseAsync(
            async connection =>
            {
                await using var command = _database.Command(connection, _database.Sql.Delete, Parameter(key));
                return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is long expiresAt && expiresAt > Now;
            },
            PostgresErrors.CannotWrite,
            cancellationToken));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Page by page: what the caller does meanwhile holds no connection.
        for (var last = "";;)
        {
            var keys = await ListAsync(last, cancellationToken).ConfigureAwait(false);
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
        await SweepNoticesAsync(cancellationToken).ConfigureAwait(false);
        var swept = 0;
        for (var last = 0L;;)
        {
            (var count, last) = await SweepAsync(last, cancellationToken).ConfigureAwait(false);
            swept += count;
            if (count < PageSize)
            {
                return swept;
            }
        }
    }

    /// <summary>Takes no more calls, writes what was taken before, and closes its connections.</summary>
    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        await _writer.StopAsync().ConfigureAwait(false);
        if (_ownsDatabase)
        {
            await _database.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static NpgsqlParameter<T> Parameter<T>(T value) => new() { TypedValue = value };

    private async Task<SessionReadResult> ReadAsync(NpgsqlDataReader row, long knownRevision, CancellationToken cancellationToken)
    {
        if (!await row.ReadAsync(cancellationToken).ConfigureAwait(false) || row.GetInt64(1) <= Now)
        {
            return SessionReadResult.Missing;
        }

        var revision = row.GetInt64(0);
        if (revision == knownRevision)
        {
            return SessionReadResult.Unchanged;
        }

        var expiresAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1));
        return new SessionReadResult(
            SessionReadStatus.Read, new StoredSession(revision, expiresAt, await ReadEntriesAsync(row, cancellationToken).ConfigureAwait(false)));
    }

    /// <summary>From the row at which the reader stands. A session without entries has one row without an entry.</summary>
    private static async Task<Dictionary<EntryKey, byte[]>> ReadEntriesAsync(NpgsqlDataReader row, CancellationToken cancellationToken)
    {
        var entries = new Dictionary<EntryKey, byte[]>();
        if (row.IsDBNull(2))
        {
            return entries;
        }

        do
        {
            entries[new EntryKey(row.GetString(2), EntryKindText.Parse(row.GetString(3)), row.GetString(4))] = row.GetFieldValue<byte[]>(5);
        }
        while (await row.ReadAsync(cancellationToken).ConfigureAwait(false));
        return entries;
    }

    private Task<List<string>> ListAsync(string after, CancellationToken cancellationToken) => UseAsync(
        async connection =>
        {
            await using var command = _database.Command(connection, _database.Sql.List, Parameter(after), Parameter(Now), Parameter(PageSize));
            await using var row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            var keys = new List<string>();
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                keys.Add(row.GetString(0));
            }

            return keys;
        },
        PostgresErrors.CannotRead,
        cancellationToken,
        onlyReads: true);

    private Task<(int Count, long Last)> SweepAsync(long after, CancellationToken cancellationToken) => UseAsync(
        async connection =>
        {
            await using var command = _database.Command(connection, _database.Sql.Sweep, Parameter(after), Parameter(Now), Parameter(PageSize));
            await using var row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await row.ReadAsync(cancellationToken).ConfigureAwait(false);
            return ((int)row.GetInt64(0), row.GetInt64(1));
        },
        PostgresErrors.CannotWrite,
        cancellationToken);

    private Task<int> SweepNoticesAsync(CancellationToken cancellationToken) => UseAsync(
        async connection =>
        {
            await using var command = _database.Command(connection, _database.Sql.SweepNotices);
            return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        },
        PostgresErrors.CannotWrite,
        cancellationToken);

    /// <summary>Does something on a connection; again when the server takes it back because of another's transaction, and, if it only reads, once more
    /// when the connection turns out to have been lost while nobody used it.</summary>
    private async Task<TResult> UseAsync<TResult>(
        Func<NpgsqlConnection, Task<TResult>> use, Func<string, string, Exception, SessionStoreException> explain, CancellationToken cancellationToken,
        bool onlyReads = false)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(PostgresSessionStore));
        for (var attempt = 1;; attempt++)
        {
            try
            {
                var connection = await _database.ConnectAsync(cancellationToken).ConfigureAwait(false);
                await using var _ = connection.ConfigureAwait(false);
                return await use(connection).ConfigureAwait(false);
            }
            catch (Exception exception)
                when (attempt < MostAttempts && (PostgresDatabase.IsTakenBack(exception) || (onlyReads && attempt == 1 && PostgresDatabase.IsLost(exception))))
            {
            }
            catch (Exception exception) when (PostgresDatabase.IsServers(exception))
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw explain(_database.Place, _database.Schema, exception);
            }
        }
    }
}
