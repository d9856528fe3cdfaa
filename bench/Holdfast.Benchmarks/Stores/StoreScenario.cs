using Holdfast.Testing.Servers;

namespace Holdfast.Benchmarks.Stores;

/// <summary>A store, and the server that it needs.</summary>
/// <param name="Name">What it is called in the report.</param>
/// <param name="Store">What the measured process calls it.</param>
/// <param name="Peers">What its peers do.</param>
/// <param name="StartAsync">Starts a fresh server, and says where it is.</param>
internal sealed record StoreScenario(string Name, string Store, string[] Peers, Func<Task<StorePlace>> StartAsync)
{
    public static readonly StoreScenario[] All =
    [
        new("stores: memory", "memory", [], () => Task.FromResult(new StorePlace("", null))),
        new("stores: SQLite", "sqlite", ["same rows", "one row"], () =>
        {
            var folder = Directory.CreateTempSubdirectory("holdfast-bench-");
            return Task.FromResult(new StorePlace(folder.FullName, new Folder(folder)));
        }),
        new("stores: PostgreSQL", "postgres", ["same rows", "one row"], async () =>
        {
            var server = await PostgresServer.StartAsync();
            return new StorePlace(server.ConnectionString, server);
        }),
        new("stores: Redis", "redis", ["same fields", "one value"], async () =>
        {
            // Bytes are counted by the length of the log.
            var server = await RedisServer.StartAsync([("auto-aof-rewrite-percentage", "0")]);
            return new StorePlace(server.ConnectionString, server);
        }),
        new("stores: S3", "s3", ["PUT"], async () =>
        {
            var server = await S3Server.StartAsync();
            return new StorePlace($"{server.Endpoint} {server.AccessKey} {server.SecretKey}", server);
        }) { TurnLength = 4 },
    ];

    /// <summary>How many times longer a turn is than those of others: of a thousand PUTs at once each takes a second or so.</summary>
    public int TurnLength { get; init; } = 1;

    private sealed class Folder(DirectoryInfo folder) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            folder.Delete(recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>Where a store's server is.</summary>
/// <param name="Address">As the measured process wants it.</param>
/// <param name="Server">Ends when it is disposed, with its data.</param>
internal sealed record StorePlace(string Address, IAsyncDisposable? Server) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
