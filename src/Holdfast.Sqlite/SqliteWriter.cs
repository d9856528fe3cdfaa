using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace Holdfast.Sqlite;

/// <summary>
/// Owns the thread and the connection that make every change to the file. What many sessions want to write at the same time
/// goes into one transaction, so that they share its wait for the disk.
/// </summary>
/// <remarks>
/// <para>While one transaction is being committed the next one's operations gather in the queue: a lone session's write is
/// never held back for company, and a hundred sessions cost about as many waits for the disk as one.</para>
/// <para>A thread of its own, because a commit blocks for as long as the disk takes; on the pool's threads that would stop
/// other work. It sleeps on the queue's lock when there is nothing to do. (Measured against a channel read on the pool: a
/// half more writes a second with 100 sessions, the same latency with one.)</para>
/// <para><see cref="Enqueue"/> and <see cref="StopAsync"/> are called from any thread, all else from the writer's own.</para>
/// </remarks>
internal sealed class SqliteWriter
{
    /// <summary>Most operations in one transaction. Chosen: at some 10 µs each it adds a few milliseconds at most to what the
    /// first of them waits.</summary>
    private const int BatchSize = 256;

    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly WriterStatements _statements;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly object _gate = new();
    private readonly Queue<IWriterOperation> _queue = new();
    private bool _stopping;
    private long _transactions;

    public SqliteWriter(SqliteDatabase database, TimeProvider clock)
    {
        _path = database.Path;
        _clock = clock;
        var connection = database.OpenChecked();
        try
        {
            _statements = new WriterStatements(connection);
        }
        catch (SqliteException exception)
        {
            connection.Dispose();
            throw SqliteErrors.CannotOpen(_path, exception);
        }
        new Thread(Run) { IsBackground = true, Name = "Holdfast SQLite writer" }.Start();
    }

    /// <summary>How many transactions were committed.</summary>
    public long Transactions => Interlocked.Read(ref _transactions);

    /// <summary>Takes an operation, to be applied after all that were taken before.</summary>
    /// <exception cref="ObjectDisposedException">The store is disposed.</exception>
    public void Enqueue(IWriterOperation operation)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(SqliteSessionStore));
            _queue.Enqueue(operation);
            if (_queue.Count == 1)
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Takes nothing more, writes what was taken, and closes the connection.</summary>
    public Task StopAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }
        return _stopped.Task;
    }

    private void Run()
    {
        var batch = new List<IWriterOperation>(BatchSize);
        while (TakeBatch(batch))
        {
            try
            {
                Commit(batch);
            }
            catch (Exception exception)
            {
                // Nothing known ends here; whoever waits must get an answer, and the thread must live on.
                Fail(batch, exception);
            }
            batch.Clear();
        }
        try
        {
            _statements.Dispose();
            _stopped.SetResult();
        }
        catch (Exception exception)
        {
            _stopped.SetException(exception);
        }
    }

    /// <summary>Waits for operations and takes what is there. False when it is time to stop and nothing is left.</summary>
    private bool TakeBatch(List<IWriterOperation> batch)
    {
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_stopping)
                {
                    return false;
                }
                Monitor.Wait(_gate);
            }
            while (batch.Count < BatchSize && _queue.TryDequeue(out var operation))
            {
                batch.Add(operation);
            }
            return true;
        }
    }

    private void Commit(List<IWriterOperation> batch)
    {
        DropCancelled(batch);
        while (batch.Count > 0 && !TryCommit(batch))
        {
        }
    }

    private static void DropCancelled(List<IWriterOperation> batch) => batch.RemoveAll(static operation =>
    {
        if (!operation.Cancellation.IsCancellationRequested)
        {
            return false;
        }
        operation.Cancel();
        return true;
    });

    /// <summary>Applies all of the batch in one transaction and completes it. False when one operation was at fault: it has
    /// failed and left the batch, nothing is changed, and the rest wants another try.</summary>
    private bool TryCommit(List<IWriterOperation> batch)
    {
        var applied = 0;
        try
        {
            _statements.Begin();
            var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
            for (; applied < batch.Count; applied++)
            {
                batch[applied].Apply(_statements, now);
            }
            _statements.Commit();
        }
        catch (Exception exception)
        {
            _statements.Rollback();
            if (applied < batch.Count && IsOperationsFault(exception))
            {
                batch[applied].Fail(Explain(exception));
                batch.RemoveAt(applied);
                return false;
            }
            Fail(batch, exception);
            return true;
        }
        Interlocked.Increment(ref _transactions);
        foreach (var operation in batch)
        {
            operation.Complete();
        }
        return true;
    }

    /// <summary>Whether it was the value or the name that SQLite would not take. All else (disk, lock, damage) meets every
    /// operation alike.</summary>
    private static bool IsOperationsFault(Exception exception) =>
        exception is not SqliteException { SqliteErrorCode: not (SQLITE_TOOBIG or SQLITE_CONSTRAINT or SQLITE_MISMATCH) };

    private void Fail(List<IWriterOperation> batch, Exception exception)
    {
        foreach (var operation in batch)
        {
            operation.Fail(Explain(exception));
        }
    }

    private Exception Explain(Exception exception) =>
        exception is SqliteException ? SqliteErrors.CannotWrite(_path, exception) : exception;
}
