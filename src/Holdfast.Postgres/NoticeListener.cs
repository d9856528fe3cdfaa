using Npgsql;

namespace Holdfast.Postgres;

/// <summary>Owns one connection that listens. Called by one thread at a time.</summary>
internal sealed class NoticeListener : IAsyncDisposable
{
    private readonly PostgresDatabase _database;
    private readonly NpgsqlConnection _connection;
    private readonly Queue<string> _payloads = new();

    private NoticeListener(PostgresDatabase database, NpgsqlConnection connection)
    {
        (_database, _connection) = (database, connection);
        // Raised on the thread that reads the connection, which is ours while it waits.
        _connection.Notification += (_, notification) => _payloads.Enqueue(notification.Payload);
    }

    /// <summary>Connects and listens: every notice that is committed from now on comes.</summary>
    public static async Task<NoticeListener> ConnectAsync(PostgresDatabase database, string channel, CancellationToken cancellationToken)
    {
        var connection = await database.ConnectToListenAsync(cancellationToken).ConfigureAwait(false);
        var listener = new NoticeListener(database, connection);
        try
        {
            await using var command = database.Command(connection, $"LISTEN \"{channel}\"");
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            return listener;
        }
        catch
        {
            await listener.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits for notices. After some silence it asks the server whether it is still there, and returns none.</summary>
    /// <exception cref="NpgsqlException">The connection is lost.</exception>
    /// <exception cref="InvalidDataException">A notice came whose row is gone.</exception>
    public async Task<List<byte[]>> ReadAsync(TimeSpan silence, CancellationToken cancellationToken)
    {
        if (_payloads.Count == 0 && !await _connection.WaitAsync(silence, cancellationToken).ConfigureAwait(false))
        {
            await using var command = _database.Command(_connection, "SELECT 1");
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        var notices = new List<byte[]>(_payloads.Count);
        while (_payloads.TryDequeue(out var payload))
        {
            var notice = NoticePayload.TryGetRow(payload, out var row)
                ? await ReadRowAsync(row, cancellationToken).ConfigureAwait(false)
                : NoticePayload.Parse(payload);
            if (notice is not null)
            {
                notices.Add(notice);
            }
        }

        return notices;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task<byte[]> ReadRowAsync(Guid row, CancellationToken cancellationToken)
    {
        var connection = await _database.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        await using var command = _database.Command(connection, _database.Sql.ReadNotice, new NpgsqlParameter<Guid> { TypedValue = row });
        return (byte[]?)await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false)
            ?? throw new InvalidDataException($"The notice {row} was swept before it was read. This node was behind by minutes. Look at its load.");
    }
}
