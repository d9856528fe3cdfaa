using Holdfast.Postgres;
using Holdfast.Stores.Tests;
using Holdfast.Testing.Servers;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace Holdfast.Stores.Tests;

/// <summary>One server for the whole run, started by the first test that asks for it. Each test has a schema of its own in it.</summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    private readonly Lazy<Task<PostgresServer>> _server = new(() => PostgresServer.StartAsync());
    private int _schemas;

    public Task<PostgresServer> ServerAsync() => _server.Value;

    /// <summary>A schema that no other test has.</summary>
    public string NewSchema() => $"test_{Interlocked.Increment(ref _schemas)}";

    public async Task<PostgresStoreOptions> OptionsAsync(string schema) => new() { ConnectionString = (await ServerAsync()).ConnectionString, Schema = schema };

    /// <summary>Runs a statement as the superuser and returns its first value.</summary>
    public async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        return await ExecuteAsync(connection, sql);
    }

    public static async Task<object?> ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A connection of the superuser's.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection((await ServerAsync()).ConnectionString + ";Pooling=false");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated)
        {
            await (await _server.Value).DisposeAsync();
        }
    }
}
