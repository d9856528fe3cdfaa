using Amazon.S3;
using Holdfast.Postgres;
using Holdfast.Redis;
using Holdfast.S3;
using Holdfast.Sqlite;
using Holdfast.Stores;
using Holdfast.Testing.Servers;

namespace Holdfast.Tests.Support;

/// <summary>A store that outlives its process.</summary>
public enum RealStore
{
    Sqlite,
    Postgres,
    Redis,
    S3,
}

/// <summary>The tests that use real stores, one after another: some take the servers away.</summary>
[CollectionDefinition(Name)]
public sealed class RealStoresCollection : ICollectionFixture<RealStores>
{
    public const string Name = "real stores";
}

/// <summary>Owns one server of each kind, started by the first test that asks for it, and the stores that were opened on them. Each store has a place of its own.</summary>
public sealed class RealStores : IAsyncDisposable
{
    private const string Bucket = "sessions";

    private readonly Lazy<Task<PostgresServer>> _postgres = new(() => PostgresServer.StartAsync());
    private readonly Lazy<Task<RedisServer>> _redis = new(() => RedisServer.StartAsync());
    private readonly Lazy<Task<S3Server>> _s3 = new(StartS3Async);
    private readonly TemporaryFolder _folder = new();
    private readonly List<ISessionStore> _opened = [];
    private int _places;

    /// <summary>A store that nobody else has, empty.</summary>
    public async Task<ISessionStore> NewAsync(RealStore kind)
    {
        var place = $"place{++_places}";
        ISessionStore store = kind switch
        {
            RealStore.Sqlite => new SqliteSessionStore(new SqliteStoreOptions { Path = _folder.File(place + ".db") }),
            RealStore.Postgres => new PostgresSessionStore(new PostgresStoreOptions { ConnectionString = (await _postgres.Value).ConnectionString, Schema = place }),
            RealStore.Redis => new RedisSessionStore(new RedisStoreOptions { ConnectionString = (await _redis.Value).ConnectionString, Prefix = place + ":" }),
            _ => new S3SessionStore(OptionsOf(await _s3.Value, place)),
        };
        _opened.Add(store);
        return store;
    }

    /// <summary>Kills the server (SIGKILL). SQLite has none.</summary>
    public async Task KillAsync(RealStore kind)
    {
        switch (kind)
        {
            case RealStore.Postgres:
                await (await _postgres.Value).KillAsync();
                break;
            case RealStore.Redis:
                await (await _redis.Value).KillAsync();
                break;
            case RealStore.S3:
                (await _s3.Value).KillGateway();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    /// <summary>Starts the server that was killed, on its data.</summary>
    public async Task RestartAsync(RealStore kind)
    {
        switch (kind)
        {
            case RealStore.Postgres:
                await (await _postgres.Value).RestartAsync();
                break;
            case RealStore.Redis:
                await (await _redis.Value).RestartAsync();
                break;
            case RealStore.S3:
                await (await _s3.Value).RestartGatewayAsync();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _opened.OfType<IAsyncDisposable>())
        {
            await store.DisposeAsync();
        }

        await DisposeAsync(_postgres);
        await DisposeAsync(_redis);
        await DisposeAsync(_s3);
        _folder.Dispose();
    }

    private static S3StoreOptions OptionsOf(S3Server server, string place) =>
        new() { Bucket = Bucket, Prefix = place + "/", Endpoint = server.Endpoint, AccessKey = server.AccessKey, SecretKey = server.SecretKey };

    private static async Task<S3Server> StartS3Async()
    {
        var server = await S3Server.StartAsync();
        using var client = new AmazonS3Client(
            server.AccessKey, server.SecretKey, new AmazonS3Config { ServiceURL = server.Endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        await client.PutBucketAsync(Bucket);
        return server;
    }

    private static async Task DisposeAsync<T>(Lazy<Task<T>> server)
        where T : IAsyncDisposable
    {
        if (server.IsValueCreated)
        {
            await (await server.Value).DisposeAsync();
        }
    }
}
