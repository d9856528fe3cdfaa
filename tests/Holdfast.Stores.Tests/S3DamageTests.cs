using Amazon.S3.Model;
using Holdfast.S3;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What the store does with objects that are not what it wrote.</summary>
[Collection(S3Collection.Name)]
public sealed class S3DamageTests(S3Fixture s3) : IAsyncLifetime
{
    private readonly S3StoreOptions _options = s3.Options();
    private S3SessionStore _store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = new S3SessionStore(_options);
        await _store.OpenAsync(Cancel);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Theory]
    [InlineData("empty", "it has 0 bytes")]
    [InlineData("foreign", "does not begin with 'HFS'")]
    [InlineData("short", "the header alone has 160")]
    [InlineData("newer", "version 2, and this version of Holdfast.S3 knows version 1")]
    [InlineData("cut", "and has ")]
    [InlineData("header", "header's checksum")]
    [InlineData("entries", "entries' checksum")]
    public async Task A_damaged_object_is_named_never_an_empty_session_and_never_overwritten(string damage, string reason)
    {
        var name = await DamageAsync("s", damage);
        var before = await BytesAsync(name);
        await _store.WriteAsync("sound", Write(0), Cancel);

        foreach (var call in (Func<Task>[])
        [
            async () => await _store.ReadAsync("s", 0, Cancel),
            async () => await _store.WriteAsync("s", Write(0), Cancel),
            async () => await _store.WriteAsync("s", Write(7), Cancel),
        ])
        {
            var error = await Assert.ThrowsAsync<SessionStoreException>(call);
            Assert.Contains($"'{name}'", error.Message);
            Assert.Contains(reason, error.Message);
        }

        Assert.Equal(0, await _store.SweepAsync(Cancel));
        Assert.Contains("sound", await ListAsync());
        Assert.Equal(before, await BytesAsync(name));

        Assert.True(await _store.DeleteAsync("s", Cancel));
        Assert.True((await _store.WriteAsync("s", Write(0), Cancel)).Committed);
    }

    [Fact]
    public async Task Objects_of_others_under_the_prefix_are_left_alone()
    {
        var name = $"{_options.Prefix}sessions/readme.txt";
        await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = S3Fixture.Bucket, Key = name, ContentBody = "ours" }, Cancel);

        Assert.Empty(await ListAsync());
        Assert.Equal(0, await _store.SweepAsync(Cancel));
        Assert.Equal("ours"u8.ToArray(), await BytesAsync(name));
    }

    [Fact]
    public async Task A_session_that_is_too_long_is_refused_and_the_stored_one_stays()
    {
        var first = await _store.WriteAsync("s", Write(0), Cancel);
        var huge = Write(first.Revision) with { Changes = [new(new("/page", EntryKind.Member, "a"), new byte[StoredObject.MaxBytes])] };

        var error = await Assert.ThrowsAsync<SessionStoreException>(async () => await _store.WriteAsync("s", huge, Cancel));

        Assert.Contains($"of at most {StoredObject.MaxBytes}", error.Message);
        Assert.Equal(SessionReadResult.Unchanged, await _store.ReadAsync("s", first.Revision, Cancel));
    }

    private async Task<string> DamageAsync(string key, string damage)
    {
        // By a store of its own, so that this one has not seen the object.
        await using (var writer = new S3SessionStore(_options))
        {
            await writer.OpenAsync(Cancel);
            await writer.WriteAsync(key, Write(0), Cancel);
        }

        var name = $"{_options.Prefix}sessions/{key}.session";
        var bytes = await BytesAsync(name);
        switch (damage)
        {
            case "empty": bytes = []; break;
            case "foreign": bytes = new byte[1_000]; break;
            case "short": bytes = bytes[..100]; break;
            case "newer": bytes[3] = 2; break;
            case "cut": bytes = bytes[..^1]; break;
            case "header": bytes[8] ^= 1; break;
            default: bytes[^6] ^= 1; break;
        }

        await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = S3Fixture.Bucket, Key = name, InputStream = new MemoryStream(bytes), UseChunkEncoding = false }, Cancel);
        return name;
    }

    private async Task<byte[]> BytesAsync(string name)
    {
        using var response = await s3.Client.GetObjectAsync(S3Fixture.Bucket, name, Cancel);
        using var bytes = new MemoryStream();
        await response.ResponseStream.CopyToAsync(bytes, Cancel);
        return bytes.ToArray();
    }

    private async Task<List<string>> ListAsync()
    {
        var keys = new List<string>();
        await foreach (var key in _store.ListAsync(Cancel))
        {
            keys.Add(key);
        }

        return keys;
    }

    private static SessionWrite Write(long expected) =>
        new(expected, DateTimeOffset.UtcNow.AddDays(1), [new(new("/page", EntryKind.Member, "a"), new byte[100])]);
}
