using Npgsql;

namespace Holdfast.Postgres;

/// <summary>Sends notices in the order in which they are handed over. Those that come while one transaction is on its way go into the next: NOTIFY takes
/// a lock of the whole database when it commits.</summary>
/// <remarks>Owns the queue. <see cref="PublishAsync"/> and <see cref="StopAsync"/> are called from any thread.</remarks>
internal sealed class NoticePublisher(PostgresDatabase database, string channel)
{
    /// <summary>Most notices in one transaction. Chosen: of the longest these are 6 MiB.</summary>
    private const int BatchSize = 100;

    private readonly Lock _gate = new();
    private readonly Queue<Pending> _queue = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _publishing;
    private bool _stopping;

    /// <summary>Completes when it is sent.</summary>
    public Task PublishAsync(ReadOnlyMemory<byte> notice)
    {
        var pending = new Pending(notice.ToArray());
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(PostgresNotifier));
            _queue.Enqueue(pending);
            if (_publishing)
            {
                return pending.Task;
            }

            _publishing = true;
        }

        // It works for all senders, and takes nothing of the first one's context along.
        ThreadPool.UnsafeQueueUserWorkItem(static publisher => _ = publisher.RunAsync(), this, preferLocal: false);
        return pending.Task;
    }

    /// <summary>Takes nothing more, and completes when what was taken is sent.</summary>
    public Task StopAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            if (!_publishing)
            {
                _stopped.TrySetResult();
            }
        }

        return _stopped.Task;
    }

    private async Task RunAsync()
    {
        var batch = new List<Pending>();
        while (TakeBatch(batch, BatchSize))
        {
            try
            {
                await SendAsync(batch).ConfigureAwait(false);
                batch.ForEach(static pending => pending.TrySetResult());
            }
            catch (Exception exception)
            {
                Fail(batch, exception);
            }
        }
    }

    /// <summary>Takes notices that wait. False when there are none; then nobody publishes any more.</summary>
    private bool TakeBatch(List<Pending> batch, int most)
    {
        batch.Clear();
        lock (_gate)
        {
            while (batch.Count < most && _queue.TryDequeue(out var pending))
            {
                batch.Add(pending);
            }

            _publishing = batch.Count > 0;
            if (!_publishing && _stopping)
            {
                _stopped.TrySetResult();
            }

            return _publishing;
        }
    }

    private async Task SendAsync(List<Pending> batch)
    {
        var (payloads, rows, contents) = (new List<string>(batch.Count), new List<Guid>(), new List<byte[]>());
        foreach (var pending in batch)
        {
            if (pending.Notice.Length <= NoticePayload.MostBytes)
            {
                payloads.Add(NoticePayload.Of(pending.Notice, payloads.Count));
                continue;
            }

            rows.Add(Guid.CreateVersion7());
            contents.Add(pending.Notice);
            payloads.Add(NoticePayload.Of(rows[^1]));
        }

        var connection = await database.ConnectAsync(CancellationToken.None).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        // One round trip and one transaction: who hears of a row can read it.
        await using var commands = database.Batch(connection);
        if (rows.Count > 0)
        {
            commands.BatchCommands.Add(new NpgsqlBatchCommand(database.Sql.InsertNotices)
            {
                Parameters = { new NpgsqlParameter<List<Guid>> { TypedValue = rows }, new NpgsqlParameter<List<byte[]>> { TypedValue = contents } },
            });
        }

        commands.BatchCommands.Add(new NpgsqlBatchCommand(database.Sql.Notify)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = channel }, new NpgsqlParameter<List<string>> { TypedValue = payloads } },
        });
        await commands.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private void Fail(List<Pending> batch, Exception exception)
    {
        // Whoever waits behind these would meet the same, one wait for the server after the other.
        lock (_gate)
        {
            batch.AddRange(_queue);
            _queue.Clear();
        }

        var explained = PostgresDatabase.IsServers(exception) ? PostgresErrors.CannotPublish(database.Place, database.Schema, exception) : exception;
        batch.ForEach(pending => pending.TrySetException(explained));
    }

    /// <summary>A notice, and who waits for it to be sent.</summary>
    private sealed class Pending(byte[] notice) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public byte[] Notice => notice;
    }
}
