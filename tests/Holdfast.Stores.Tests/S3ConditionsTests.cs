using Holdfast.S3;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What the store finds out about its server when it opens, and what it does with that.</summary>
[Collection(S3Collection.Name)]
public sealed class S3ConditionsTests(S3Fixture s3)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_finds_out_that_Ceph_wants_no_quotes_and_deletes_without_conditions()
    {
        var options = s3.Options();
        await using var store = new S3SessionStore(options);

        await store.OpenAsync(Cancel);

        Assert.Equal(new S3Conditions(TakesQuotes: false, DeletesConditionally: false), store.Conditions);
        var left = await s3.Client.ListObjectsV2Async(new() { BucketName = S3Fixture.Bucket, Prefix = options.Prefix }, Cancel);
        Assert.Empty(left.S3Objects ?? []);
    }

    [Fact]
    public async Task It_uses_quotes_where_the_server_takes_them()
    {
        await using var server = await FakeS3.StartAsync();
        await using var store = await OpenAsync(server);

        Assert.Equal(new S3Conditions(TakesQuotes: true, DeletesConditionally: true), store.Conditions);
        Assert.Empty(server.Names);
        var first = await store.WriteAsync("s", Write(0), Cancel);
        Assert.True((await store.WriteAsync("s", Write(first.Revision), Cancel)).Committed);
        Assert.Equal(SessionWriteResult.Conflict, await store.WriteAsync("s", Write(first.Revision), Cancel));
    }

    public static TheoryData<string, string> Unfit => new()
    {
        { nameof(FakeS3.IgnoringIfNoneMatch), "If-None-Match: *" },
        { nameof(FakeS3.IgnoringIfMatch), "If-Match with an ETag that the object never had" },
        { nameof(FakeS3.NotImplementing), "501 NotImplemented" },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public async Task A_server_that_does_not_keep_to_conditions_is_refused(string habit, string reason)
    {
        var make = typeof(FakeS3).GetMethod(habit)!.CreateDelegate<Func<WebApplication, FakeS3>>();
        await using var server = await FakeS3.StartAsync(make);

        var error = await Assert.ThrowsAsync<SessionStoreException>(async () => await OpenAsync(server));

        Assert.Contains(reason, error.Message);
        Assert.Contains(server.Endpoint, error.Message);
        Assert.Contains("Use ", error.Message);
        Assert.Empty(server.Names);
    }

    [Fact]
    public async Task A_sweep_leaves_a_session_that_is_begun_anew_between_its_look_and_its_delete()
    {
        await using var server = await FakeS3.StartAsync();
        await using var sweeper = await OpenAsync(server);
        await using var other = await OpenAsync(server);
        await other.WriteAsync("s", Write(0) with { ExpiresAt = DateTimeOffset.UtcNow.AddHours(-1) }, Cancel);
        var renewals = new List<SessionWriteResult>();
        server.BeforeDelete = async () => renewals.Add(await other.WriteAsync("s", Write(0), Cancel));

        Assert.Equal(0, await sweeper.SweepAsync(Cancel));

        var renewed = Assert.Single(renewals);
        Assert.True(renewed.Committed);
        Assert.Equal(SessionReadResult.Unchanged, await sweeper.ReadAsync("s", renewed.Revision, Cancel));
    }

    [Fact]
    public async Task A_store_that_is_not_open_says_so()
    {
        await using var store = new S3SessionStore(s3.Options());

        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.ReadAsync("s", 0, Cancel));

        Assert.Contains("OpenAsync", error.Message);
    }

    private static SessionWrite Write(long expected) => new(expected, DateTimeOffset.UtcNow.AddDays(1), []);

    private static async Task<S3SessionStore> OpenAsync(FakeS3 server)
    {
        var store = new S3SessionStore(new S3StoreOptions { Bucket = "b", Endpoint = server.Endpoint, AccessKey = "a", SecretKey = "s" });
        try
        {
            await store.OpenAsync(Cancel);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }
}
