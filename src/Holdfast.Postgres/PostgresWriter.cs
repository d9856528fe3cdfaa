using Npgsql;

namespace Holdfast.Postgres;

/// <summary>
/// Makes every change to sessions. What many of them want to write at the same time goes into one transaction and one round trip, in which each
/// commits or conflicts on its own.
/// </summary>
/// <remarks>
/// <para>While one transaction is on its way the next one's operations gather in the queue: a lone session's write is never held back for company, and a
/// hundred sessions cost about as many waits for the server's disk as one.</para>
/// <para>Owns the queue. A writer runs only while there is something to write, and keeps its connection that long.
/// <see cref="Enqueue"/> and <see cref="StopAsync"/> are called from any thread.</para>
/// </remarks>
internal sealed class PostgresWriter(PostgresDatabase database, TimeProvider clock)
{
    /// <summary>Most operations in one transaction. Chosen: at some 20 µs each it adds a few milliseconds at most to what the first of them waits.</summary>
    private const int BatchSize = 512;

    /// <summary>No further operation goes into a transaction that has so many bytes of values. Chosen: some 20 ms on a local network.</summary>
    private const long BatchBytes = 4 * 1024 * 1024;

    /// <summary>Most transactions at the same time. With two, one batch is made and read while the other waits for the disk.</summary>
    private const int MostWriters = 2;

    /// <summary>How often a transaction is begun anew that the server took back because of another's. Chosen: more than ever seen in a race of eight
    /// writers on one session.</summary>
    private const int MostAttempts = 20;

    private readonly Lock _gate = new();
    private readonly Queue<WriteOperation> _queue = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _writers;
    private bool _stopping;
    private long _transactions;

    /// <summary>How many transactions were committed.</summary>
    public long Transactions => Interlocked.Read(ref _transactions);

    /// <summary>Takes an operation.</summary>
    /// <exception cref="ObjectDisposedException">The store is disposed.</exception>
    public void Enqueue(WriteOperation operation)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(PostgresSessionStore));
            _queue.Enqueue(operation);
            if (_writers == MostWriters)
            {
                return;
            }

            _writers++;
        }

        // A writer works for all sessions: it takes nothing of its first caller's context along, such as a transaction or an activity.
        ThreadPool.UnsafeQueueUserWorkItem(static writer => _ = writer.RunAsync(), this, preferLocal: false);
    }

    /// <summary>Takes nothing more, and completes when what was taken is written.</summary>
    public Task StopAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            if (_writers == 0)
            {
                _stopped.TrySetResult();
            }
        }

        return _stopped.Task;
    }

    /// <summary>Never fails: whoever waits gets an answer, whatever happens.</summary>
    private async Task RunAsync()
    {
        var arrays = new WriteArrays();
        NpgsqlConnection? connection = null;
        var batch = new List<WriteOperation>();
        while (TakeBatch(batch))
        {
            try
            {
                connection = await UsableAsync(connection).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                connection = null;
                // Nothing of it has left this node. All that waits would meet the same, one wait for the server after the other.
                batch.AddRange(TakeAll());
                Fail(batch, exception);
                continue;
            }

            try
            {
                await WriteAsync(connection, arrays, batch).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                Fail(batch, exception);
            }

            arrays.Clear();
        }

        try
        {
            await CloseAsync(connection).ConfigureAwait(false);
        }
        finally
        {
            End();
        }
    }

    /// <summary>Takes operations that wait, each of another session. False when there are none.</summary>
    private bool TakeBatch(List<WriteOperation> batch)
    {
        batch.Clear();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var bytes = 0L;
        lock (_gate)
        {
            while (batch.Count < BatchSize && bytes < BatchBytes && _queue.TryPeek(out var operation))
            {
                if (operation.Cancellation.IsCancellationRequested)
                {
                    _queue.Dequeue().TrySetCanceled(operation.Cancellation);
                    continue;
                }

                if (!keys.Add(operation.Key))
                {
                    break;
                }

                batch.Add(_queue.Dequeue());
                bytes += operation.Bytes;
            }

            return batch.Count > 0;
        }
    }

    private WriteOperation[] TakeAll()
    {
        lock (_gate)
        {
            var all = _queue.ToArray();
            _queue.Clear();
            return all;
        }
    }

    /// <summary>This writer has found nothing to do. Unless something came since: then it goes on as another.</summary>
    private void End()
    {
        lock (_gate)
        {
            if (_queue.Count == 0)
            {
                _writers--;
                if (_stopping && _writers == 0)
                {
                    _stopped.TrySetResult();
                }

                return;
            }
        }

        _ = RunAsync();
    }

    private async ValueTask<NpgsqlConnection> UsableAsync(NpgsqlConnection? connection)
    {
        if (connection is { FullState: System.Data.ConnectionState.Open })
        {
            return connection;
        }

        await CloseAsync(connection).ConfigureAwait(false);
        return await database.ConnectAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private static ValueTask CloseAsync(NpgsqlConnection? connection) => connection?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Writes a batch and completes it.</summary>
    private async Task WriteAsync(NpgsqlConnection connection, WriteArrays arrays, List<WriteOperation> batch)
    {
        batch.Sort(static (one, other) => string.CompareOrdinal(one.Key, other.Key));
        for (var attempt = 1;; attempt++)
        {
            try
            {
                await TryWriteAsync(connection, arrays, batch).ConfigureAwait(false);
                return;
            }
            catch (PostgresException exception) when (PostgresDatabase.IsTakenBack(exception) && attempt < MostAttempts)
            {
            }
            catch (Exception exception) when (IsOperationsFault(exception) && batch.Count > 1)
            {
                // Nothing is changed. Halving finds the one at fault in a few round trips.
                var half = batch.Count / 2;
                await WriteAsync(connection, arrays, batch[..half]).ConfigureAwait(false);
                await WriteAsync(connection, arrays, batch[half..]).ConfigureAwait(false);
                return;
            }
            catch (Exception exception)
            {
                Fail(batch, exception);
                return;
            }
        }
    }

    private async Task TryWriteAsync(NpgsqlConnection connection, WriteArrays arrays, List<WriteOperation> batch)
    {
        await using var command = database.Command(connection, database.Sql.Write, arrays.Fill(batch, clock.GetUtcNow().ToUnixTimeMilliseconds()));
        var records = (long[])(await command.ExecuteScalarAsync().ConfigureAwait(false))!;
        Interlocked.Increment(ref _transactions);
        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Complete(isCommitted: records[i] != 0);
        }
    }

    /// <summary>Whether it was a value or a name that the server (or Npgsql on the way to it) would not take. All else (disk, rights, a lost
    /// connection) meets every operation alike.</summary>
    private static bool IsOperationsFault(Exception exception) => exception is PostgresException postgres
        ? postgres.SqlState[..2] is "21" or "22" or "23" or "54"
        : !PostgresDatabase.IsServers(exception);

    private void Fail(List<WriteOperation> batch, Exception exception)
    {
        var explained = PostgresDatabase.IsServers(exception) ? PostgresErrors.CannotWrite(database.Place, database.Schema, exception) : exception;
        foreach (var operation in batch)
        {
            operation.TrySetException(explained);
        }
    }
}
