using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Holdfast.S3;
using Holdfast.Stores;

namespace Holdfast.Benchmarks.Stores;

/// <summary>S3 beside a PUT without conditions of an object as long, by the same client.</summary>
internal sealed class S3UnderTest : StoreUnderTest
{
    private const string Bucket = "holdfast";

    private readonly AmazonS3Client _client;
    private readonly S3SessionStore _store;
    private long _bytes;

    private S3UnderTest(AmazonS3Client client, string server)
    {
        _client = client;
        _client.BeforeRequestEvent += (_, request) => Interlocked.Add(ref _bytes, request is WebServiceRequestEventArgs { Request: PutObjectRequest put } ? put.InputStream.Length : 0);
        _store = new S3SessionStore(new S3StoreOptions { Bucket = Bucket, Endpoint = server }, _client);
    }

    public override ISessionStore Store => _store;

    /// <param name="place">Address, key and secret, with blanks between.</param>
    public static async Task<S3UnderTest> ConnectAsync(string place)
    {
        var (server, key, secret) = place.Split(' ') is [var first, var second, var third] ? (first, second, third) : throw new ArgumentException("An address, a key and a secret are needed.", nameof(place));
        var client = new AmazonS3Client(key, secret, new AmazonS3Config
        {
            ServiceURL = server,
            ForcePathStyle = true,
            AuthenticationRegion = "us-east-1",
            MaxErrorRetry = 0,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        });
        await client.PutBucketAsync(Bucket);
        return new S3UnderTest(client, server);
    }

    public override async Task<IReadOnlyList<IClickWriter>> OpenPeersAsync(SessionWrite click, IReadOnlyList<string> keys)
    {
        var listed = await _client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = Bucket, Prefix = "holdfast/sessions/", MaxKeys = 1 });
        return [new PutWriter(_client, keys, new byte[listed.S3Objects[0].Size!.Value])];
    }

    /// <summary>The bodies of all PUTs.</summary>
    public override Task<long?> BytesWrittenAsync() => Task.FromResult<long?>(Interlocked.Read(ref _bytes));

    public override async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _client.Dispose();
    }

    private sealed class PutWriter(AmazonS3Client client, IReadOnlyList<string> keys, byte[] bytes) : IClickWriter
    {
        public Task ClickAsync(int session) => client.PutObjectAsync(new PutObjectRequest
        {
            BucketName = Bucket,
            Key = $"bare/{keys[session]}",
            InputStream = new MemoryStream(bytes, writable: false),
            ContentType = "application/octet-stream",
            UseChunkEncoding = false,
        });

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
