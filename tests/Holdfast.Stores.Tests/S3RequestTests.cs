using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Holdfast.S3;
using Holdfast.Testing.Time;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>How many requests the store makes of its server, which are what S3 costs; and how much it keeps so that they are few.</summary>
[Collection(S3Collection.Name)]
public sealed class S3RequestTests : IAsyncLifetime
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromHours(24);

    private readonly FakeTimeProvider _clock = new();
    private readonly S3StoreOptions _options;
    private readonly AmazonS3Client _client;
    private readonly List<string> _requests = [];
    private readonly S3SessionStore _store;
    private readonly S3SessionStore _other;

    public S3RequestTests(S3Fixture s3)
    {
        _options = s3.Options();
        _client = S3Fixture.ClientOf(s3.Server);
        _client.BeforeRequestEvent += (_, e) => Note(((WebServiceRequestEventArgs)e).Request);
        _store = new S3SessionStore(_options, _client, _clock);
        _other = new S3SessionStore(_options, clock: _clock);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _store.OpenAsync(Cancel);
        await _other.OpenAsync(Cancel);
        _requests.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _other.DisposeAsync();
        _client.Dispose();
    }

    [Fact]
    public async Task Writes_that_follow_each_other_are_one_PUT_each()
    {
        var revision = (await _store.WriteAsync("s", Write(0), Cancel)).Revision;
        await _store.WriteAsync("s", Write(revision), Cancel);

        Assert.Equal(["PUT", "PUT"], Requests());
    }

    [Fact]
    public async Task A_write_after_a_read_is_one_PUT_and_one_without_it_is_read_first()
    {
        var revision = (await _other.WriteAsync("s", Write(0), Cancel)).Revision;
        revision = (await _store.WriteAsync("s", Write(revision), Cancel)).Revision;
        Assert.Equal(["GET", "PUT"], Requests());

        revision = (await _other.WriteAsync("s", Write(revision), Cancel)).Revision;
        await _store.ReadAsync("s", 0, Cancel);
        await _store.WriteAsync("s", Write(revision), Cancel);

        Assert.Equal(["GET if not", "PUT"], Requests());
    }

    [Fact]
    public async Task A_session_that_has_not_changed_is_not_sent_again()
    {
        var revision = (await _store.WriteAsync("s", Write(0, 100_000), Cancel)).Revision;
        Requests();

        Assert.Equal(SessionReadResult.Unchanged, await _store.ReadAsync("s", revision, Cancel));
        Assert.Equal(100_000, (await _store.ReadAsync("s", 0, Cancel)).Session!.Entries.Values.Single().Length);

        Assert.Equal(["GET if not", "GET if not"], Requests());
    }

    [Fact]
    public async Task What_is_kept_in_memory_has_a_bound_and_sessions_beyond_it_are_read_again()
    {
        await using var small = new S3SessionStore(new S3StoreOptions { Bucket = _options.Bucket, Prefix = _options.Prefix, MaxCachedBytes = 50_000 }, _client, _clock);
        await small.OpenAsync(Cancel);
        var revisions = new long[20];
        for (var i = 0; i < revisions.Length; i++)
        {
            revisions[i] = (await small.WriteAsync($"s{i}", Write(0, 5_000), Cancel)).Revision;
            Assert.InRange(small.CachedBytes, 1, 50_000);
        }

        Requests();
        Assert.True((await small.WriteAsync("s19", Write(revisions[19], 5_000), Cancel)).Committed);
        Assert.Equal(["PUT"], Requests());
        Assert.True((await small.WriteAsync("s0", Write(revisions[0], 5_000), Cancel)).Committed);
        Assert.Equal(["GET", "PUT"], Requests());
        Assert.True((await small.WriteAsync("large", Write(0, 60_000), Cancel)).Committed);
        Assert.Equal(60_000, (await small.ReadAsync("large", 0, Cancel)).Session!.Entries.Values.Single().Length);
        Assert.InRange(small.CachedBytes, 0, 50_000);
    }

    [Fact]
    public async Task A_listing_looks_once_into_what_it_does_not_know_and_then_asks_no_more()
    {
        for (var i = 0; i < 5; i++)
        {
            await _other.WriteAsync($"s{i}", Write(0), Cancel);
        }

        Assert.Equal(5, await CountAsync());
        Assert.Equal(["LIST", .. Enumerable.Repeat("GET 160 bytes", 5)], Requests());

        Assert.Equal(5, await CountAsync());
        Assert.Equal(["LIST"], Requests());
    }

    [Fact]
    public async Task A_sweep_asks_about_what_may_have_expired_and_about_nothing_else()
    {
        await _store.WriteAsync("known", Write(0), Cancel);
        Requests();
        Assert.Equal(0, await _store.SweepAsync(Cancel));
        Assert.Equal(["LIST"], Requests());

        _clock.Advance(s_lifetime + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await _store.SweepAsync(Cancel));
        Assert.Equal(["LIST", "GET 160 bytes", "DELETE"], Requests());
    }

    [Fact]
    public async Task A_sweep_that_knows_of_an_expired_session_looks_again_before_it_removes_it()
    {
        await _store.WriteAsync("s", Write(0), Cancel);
        _clock.Advance(s_lifetime + TimeSpan.FromSeconds(1));
        var renewed = await _other.WriteAsync("s", Write(0), Cancel);

        Assert.Equal(0, await _store.SweepAsync(Cancel));

        Assert.Equal(SessionReadResult.Unchanged, await _store.ReadAsync("s", renewed.Revision, Cancel));
    }

    private SessionWrite Write(long expected, int bytes = 10) =>
        new(expected, _clock.GetUtcNow() + s_lifetime, [new(new("/page", EntryKind.Member, "a"), new byte[bytes])]);

    private async Task<int> CountAsync()
    {
        var count = 0;
        await foreach (var _ in _store.ListAsync(Cancel))
        {
            count++;
        }

        return count;
    }

    /// <summary>What was asked since this was last called.</summary>
    private string[] Requests()
    {
        lock (_requests)
        {
            var requests = _requests.ToArray();
            _requests.Clear();
            return requests;
        }
    }

    private void Note(AmazonWebServiceRequest request)
    {
        lock (_requests)
        {
            _requests.Add(request switch
            {
                PutObjectRequest => "PUT",
                GetObjectRequest { ByteRange: not null } => "GET 160 bytes",
                GetObjectRequest { EtagToNotMatch: not null } => "GET if not",
                GetObjectRequest => "GET",
                DeleteObjectRequest => "DELETE",
                ListObjectsV2Request => "LIST",
                _ => request.GetType().Name,
            });
        }
    }
}
