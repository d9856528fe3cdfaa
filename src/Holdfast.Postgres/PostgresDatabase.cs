using System.Text.RegularExpressions;
using Holdfast.Stores;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Holdfast.Postgres;

/// <summary>Owns the connections (but for those of a data source that the application brought), and sees to it that the schema is there, is ours, and
/// has the version that this one knows. Called from any thread.</summary>
internal sealed partial class PostgresDatabase : IAsyncDisposable, IDisposable
{
    /// <summary>The version in <c>schema.sql</c>.</summary>
    public const int SchemaVersion = 1;

    /// <summary>The oldest major version of the server. Chosen: the oldest that its makers maintain is 14.</summary>
    public const int OldestServer = 14;

    private readonly ILogger _logger;
    private readonly TimeSpan _connectTimeout;
    private readonly int _commandSeconds;
    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlDataSource _listenSource;
    private readonly List<NpgsqlDataSource> _owned = [];
    private readonly SemaphoreSlim _opening = new(1);
    private volatile bool _isOpen;

    public PostgresDatabase(PostgresStoreOptions options, ILogger logger)
    {
        if (Invalid(options) is { } invalid)
        {
            throw new ArgumentException(invalid, nameof(options));
        }

        _logger = logger;
        _connectTimeout = Seconds(options.ConnectTimeout);
        _commandSeconds = (int)Seconds(options.CommandTimeout).TotalSeconds;
        _source = options.DataSource ?? Own(Settings(options.ConnectionString!, options));
        _listenSource = options switch
        {
            { ListenConnectionString: { } listen } => Own(ForListening(Settings(listen, options))),
            { DataSource: { } source } => source,
            _ => Own(ForListening(Settings(options.ConnectionString!, options))),
        };
        Schema = options.Schema;
        Sql = new PostgresSql(Schema);
        var settings = new NpgsqlConnectionStringBuilder(_source.ConnectionString);
        Place = $"'{settings.Database ?? settings.Username}' at {settings.Host}:{settings.Port}";
    }

    /// <summary>The schema's name.</summary>
    public string Schema { get; }

    public PostgresSql Sql { get; }

    /// <summary>The database's name and where it is, for messages.</summary>
    public string Place { get; }

    /// <summary>What the server promised when it was opened.</summary>
    public StoreDurability Durability { get; private set; }

    /// <summary>What is wrong with the options, or null.</summary>
    public static string? Invalid(PostgresStoreOptions options) =>
        options.DataSource is null && string.IsNullOrWhiteSpace(options.ConnectionString)
            ? $"'{PostgresStoreOptions.Section}:ConnectionString' is empty, and no NpgsqlDataSource is registered. The store needs a database. Set it, such "
              + "as to 'Host=127.0.0.1;Database=shop;Username=shop;Password=…', or register a data source."
        : !SchemaName().IsMatch(options.Schema)
            ? $"'{PostgresStoreOptions.Section}:Schema' is '{options.Schema}'. It has to begin with a lower-case letter or an underscore and go on with such "
              + "and digits, at most 50 in all. Choose such a name, for example 'holdfast'."
        : options.ConnectTimeout <= TimeSpan.Zero || options.CommandTimeout <= TimeSpan.Zero
            ? $"'{PostgresStoreOptions.Section}:ConnectTimeout' is {options.ConnectTimeout} and 'CommandTimeout' {options.CommandTimeout}. Without a limit a "
              + "server that does not answer would hold everything up for ever. Set both to a second or more."
        : null;

    /// <summary>Connects, checks the server, and makes the schema if it is not there. Once it went well, later calls do nothing.</summary>
    /// <exception cref="SessionStoreException">It is not possible; the message says why, and what to do.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (_isOpen)
        {
            return;
        }

        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_isOpen)
            {
                await CheckAsync(cancellationToken).ConfigureAwait(false);
                _isOpen = true;
            }
        }
        catch (Exception exception) when (IsServers(exception))
        {
            throw PostgresErrors.CannotOpen(Place, Schema, exception);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>A connection of the pool. The caller disposes it.</summary>
    public Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken) => ConnectAsync(_source, cancellationToken);

    /// <summary>A connection that stays its caller's for long.</summary>
    public Task<NpgsqlConnection> ConnectToListenAsync(CancellationToken cancellationToken) => ConnectAsync(_listenSource, cancellationToken);

    /// <summary>A command that waits no longer than the options say. The caller disposes it.</summary>
    public NpgsqlCommand Command(NpgsqlConnection connection, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = _commandSeconds };
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>Commands that are sent together and are one transaction. The caller disposes it.</summary>
    public NpgsqlBatch Batch(NpgsqlConnection connection) => new(connection) { Timeout = _commandSeconds };

    /// <summary>Whether it comes from the server or the way to it, and not from a fault of ours or a caller's cancellation.</summary>
    public static bool IsServers(Exception exception) => exception is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException or IOException;

    /// <summary>Whether the server took the transaction back because of another's, so that it may be done again. Nothing of it was committed.</summary>
    public static bool IsTakenBack(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure };

    /// <summary>Whether the connection had ended before it was used, most often because the server was restarted since.</summary>
    public static bool IsLost(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown }
        || (exception is NpgsqlException { InnerException: IOException } && exception.InnerException.InnerException is not TimeoutException);

    public async ValueTask DisposeAsync()
    {
        foreach (var source in _owned)
        {
            await source.DisposeAsync().ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        foreach (var source in _owned)
        {
            source.Dispose();
        }
    }

    private static NpgsqlConnectionStringBuilder Settings(string connectionString, PostgresStoreOptions options)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Timeout = (int)Seconds(options.ConnectTimeout).TotalSeconds,
            CommandTimeout = (int)Seconds(options.CommandTimeout).TotalSeconds,
            // The store leaves nothing behind in the server's session that would have to be reset.
            NoResetOnClose = true,
            // A session's write is not part of what a caller of ours has begun.
            Enlist = false,
        };
        settings.ApplicationName ??= "Holdfast";
        return settings;
    }

    private static NpgsqlConnectionStringBuilder ForListening(NpgsqlConnectionStringBuilder settings)
    {
        settings.Pooling = false;
        return settings;
    }

    private static TimeSpan Seconds(TimeSpan time) => TimeSpan.FromSeconds(Math.Ceiling(time.TotalSeconds));

    private NpgsqlDataSource Own(NpgsqlConnectionStringBuilder settings)
    {
        var source = NpgsqlDataSource.Create(settings);
        _owned.Add(source);
        return source;
    }

    /// <summary>A data source of the application may have other times than ours.</summary>
    private async Task<NpgsqlConnection> ConnectAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_connectTimeout);
        try
        {
            return await source.OpenConnectionAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException($"No connection was had within {_connectTimeout.TotalSeconds} s", exception);
        }
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        var server = await DescribeAsync(connection, cancellationToken).ConfigureAwait(false);
        if (!server.HasSchema)
        {
            await MakeSchemaAsync(connection, cancellationToken).ConfigureAwait(false);
        }

        await CheckVersionAsync(connection, cancellationToken).ConfigureAwait(false);
        Log.Opened(_logger, Schema, Place);
        if (server.Lax is { } lax)
        {
            Durability = StoreDurability.BestEffort;
            Log.BestEffort(_logger, Place, lax);
        }
    }

    /// <summary>Refuses what cannot be used, and says whether the schema is there, and which settings keep the server from being durable.</summary>
    private async Task<(bool HasSchema, string? Lax)> DescribeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, Sql.Describe);
        await using var row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await row.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (row.GetInt32(0) < OldestServer * 10_000)
        {
            throw PostgresErrors.Old(Place, row.GetInt32(0));
        }

        if (row.GetString(1) != "UTF8")
        {
            throw PostgresErrors.NotUtf8(Place, row.GetString(1));
        }

        if (row.GetBoolean(2))
        {
            throw PostgresErrors.ReadOnly(Place);
        }

        var hasSchema = row.GetBoolean(6);
        if (!hasSchema && !row.IsDBNull(7))
        {
            throw PostgresErrors.Foreign(Place, Schema, row.GetString(7));
        }

        // All other values of synchronous_commit (local, remote_write, on, remote_apply) wait for this server's disk.
        var off = new (string Name, int Column)[] { ("synchronous_commit", 3), ("fsync", 4), ("full_page_writes", 5) }
            .Where(setting => row.GetString(setting.Column) == "off")
            .Select(setting => $"{setting.Name} = off")
            .ToList();
        return (hasSchema, off.Count > 0 ? string.Join(", ", off) : null);
    }

    private async Task MakeSchemaAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(connection, Sql.LockSchema, cancellationToken).ConfigureAwait(false);
        // Again, with the lock held: another node may have been quicker.
        if (!(await DescribeAsync(connection, cancellationToken).ConfigureAwait(false)).HasSchema)
        {
            if (await ExecuteAsync(connection, Sql.FindSchema, cancellationToken).ConfigureAwait(false) is not true)
            {
                await ExecuteAsync(connection, Sql.CreateSchema, cancellationToken).ConfigureAwait(false);
            }

            await ExecuteAsync(connection, Sql.Schema, cancellationToken).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task CheckVersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var version = (int)(await ExecuteAsync(connection, Sql.Version, cancellationToken).ConfigureAwait(false) ?? 0);
        if (version > SchemaVersion)
        {
            throw PostgresErrors.Newer(Place, Schema, version, SchemaVersion);
        }
    }

    private async Task<object?> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, sql);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
    }

    [GeneratedRegex(@"^[a-z_][a-z0-9_]{0,49}\z")]
    private static partial Regex SchemaName();
}
