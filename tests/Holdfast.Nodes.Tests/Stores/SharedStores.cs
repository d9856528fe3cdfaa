using Amazon.S3;
using Holdfast.Nodes.Tests.Stores;
using Holdfast.Testing.Servers;

[assembly: AssemblyFixture(typeof(SharedStores))]

namespace Holdfast.Nodes.Tests.Stores;

/// <summary>One server of each kind for the whole run, started by the first test that asks for it. Owns them, and the folder of the files.</summary>
public sealed class SharedStores : IAsyncDisposable
{
    private const string Bucket = "nodes";

    private readonly Lazy<Task<PostgresServer>> _postgres = new(() => PostgresServer.StartAsync());
    private readonly Lazy<Task<RedisServer>> _redis = new(() => RedisServer.StartAsync());
    private readonly Lazy<Task<S3Server>> _s3 = new(StartS3Async);
    private readonly Lazy<DirectoryInfo> _files = new(() => Directory.CreateTempSubdirectory("holdfast-nodes-"));
    private int _places;

    /// <summary>The arguments by which nodes of the test app share a place in this store that nobody else has.</summary>
    public async Task<string[]> NewPlaceAsync(StoreKind kind)
    {
        var place = $"nodes_{Interlocked.Increment(ref _places)}";
        return kind switch
        {
            StoreKind.Sqlite => ["--store=sqlite", $"--Holdfast:Sqlite:Path={Path.Combine(_files.Value.FullName, place + ".db")}"],
            StoreKind.Postgres => ["--store=postgres", $"--Holdfast:Postgres:ConnectionString={(await _postgres.Value).ConnectionString}", $"--Holdfast:Postgres:Schema={place}"],
            StoreKind.Redis => ["--store=redis", $"--Holdfast:Redis:ConnectionString={(await _redis.Value).ConnectionString}", $"--Holdfast:Redis:Prefix={place}:"],
            StoreKind.S3 => OptionsOf(await _s3.Value, place),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
    }

    public async ValueTask DisposeAsync()
    {
        await DisposeAsync(_postgres);
        await DisposeAsync(_redis);
        await DisposeAsync(_s3);
        if (_files.IsValueCreated)
        {
            _files.Value.Delete(recursive: true);
        }
    }

    private static string[] OptionsOf(S3Server server, string place) =>
    [
        "--store=s3", $"--Holdfast:S3:Endpoint={server.Endpoint}", $"--Holdfast:S3:AccessKey={server.AccessKey}", $"--Holdfast:S3:SecretKey={server.SecretKey}",
        $"--Holdfast:S3:Bucket={Bucket}", $"--Holdfast:S3:Prefix={place}/",
    ];

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
