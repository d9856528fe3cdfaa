using Amazon.Runtime;
using Amazon.S3;
using Holdfast.S3;
using Holdfast.Testing.Servers;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>One S3 server for all tests of the store, which run one after another: some kill it, and start it again.</summary>
[CollectionDefinition(Name)]
public sealed class S3Collection : ICollectionFixture<S3Fixture>
{
    public const string Name = "S3";
}

/// <summary>Owns the server and a bucket on it. Each test has a prefix of its own.</summary>
public sealed class S3Fixture : IAsyncLifetime
{
    public const string Bucket = "sessions";

    public S3Server Server { get; private set; } = null!;

    /// <summary>A client of the tests' own, for what the store would not do.</summary>
    public AmazonS3Client Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await S3Server.StartAsync();
        Client = await MakeBucketAsync(Server);
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        await (Server?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    public S3StoreOptions Options(string? prefix = null) => OptionsOf(Server, prefix);

    /// <summary>Options for a server; at a proxy's port where one is given.</summary>
    public static S3StoreOptions OptionsOf(S3Server server, string? prefix = null, int? port = null) => new()
    {
        Bucket = Bucket,
        Prefix = prefix ?? NewPrefix(),
        Endpoint = $"http://127.0.0.1:{port ?? server.Port}",
        AccessKey = server.AccessKey,
        SecretKey = server.SecretKey,
    };

    public static string NewPrefix() => $"{Guid.NewGuid():N}/";

    /// <summary>A client as an application may bring one.</summary>
    public static AmazonS3Client ClientOf(S3Server server) => new(server.AccessKey, server.SecretKey, new AmazonS3Config
    {
        ServiceURL = server.Endpoint,
        ForcePathStyle = true,
        AuthenticationRegion = "us-east-1",
        MaxErrorRetry = 0,
        RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
    });

    public static async Task<AmazonS3Client> MakeBucketAsync(S3Server server)
    {
        var client = ClientOf(server);
        await client.PutBucketAsync(Bucket);
        return client;
    }
}
