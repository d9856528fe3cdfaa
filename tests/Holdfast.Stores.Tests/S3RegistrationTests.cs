using Amazon.S3;
using Amazon.S3.Model;
using Holdfast.S3;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What <c>UseS3</c> does to an application: its store, its options, its Data Protection.</summary>
[Collection(S3Collection.Name)]
public sealed class S3RegistrationTests(S3Fixture s3) : IDisposable
{
    private readonly string _prefix = S3Fixture.NewPrefix();
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task It_takes_the_place_of_another_store_and_is_opened_at_the_start()
    {
        await using var app = Build(services =>
        {
            services.AddSingleton<ISessionStore>(new MemorySessionStore());
            Use(services);
        });

        await app.StartAsync(Cancel);

        var store = Assert.IsType<S3SessionStore>(Assert.Single(app.Services.GetServices<ISessionStore>()));
        Assert.True((await store.WriteAsync("s", new SessionWrite(0, DateTimeOffset.MaxValue, []), Cancel)).Committed);
        Assert.Equal(StoreDurability.Durable, store.Durability);
    }

    [Fact]
    public async Task The_configuration_sets_the_options_and_code_wins_over_it()
    {
        var configured = new Dictionary<string, string?>
        {
            ["Holdfast:S3:Bucket"] = "configured", ["Holdfast:S3:Prefix"] = "shop/", ["Holdfast:S3:Endpoint"] = "http://127.0.0.1:9000", ["Holdfast:S3:CallTimeout"] = "00:00:03",
        };
        await using var app = Build(services => services.AddHoldfast().UseS3("in-code"), configured);

        var options = app.Services.GetRequiredService<IOptions<S3StoreOptions>>().Value;

        Assert.Equal(("in-code", "shop/", "http://127.0.0.1:9000", TimeSpan.FromSeconds(3)), (options.Bucket, options.Prefix, options.Endpoint, options.CallTimeout));
    }

    [Theory]
    [InlineData("Bucket", "")]
    [InlineData("Prefix", "/holdfast/")]
    [InlineData("Prefix", "holdfast")]
    [InlineData("Prefix", "a/../b/")]
    [InlineData("Endpoint", "127.0.0.1:9000")]
    [InlineData("AccessKey", "alone")]
    [InlineData("CallTimeout", "00:00:00")]
    [InlineData("MaxCachedBytes", "-1")]
    public async Task An_option_that_cannot_be_stops_the_start(string option, string value)
    {
        var configured = new Dictionary<string, string?> { ["Holdfast:S3:Bucket"] = "b", [$"Holdfast:S3:{option}"] = value };
        await using var app = Build(services => services.AddHoldfast().UseS3(), configured);

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync(Cancel));

        Assert.Contains($"Holdfast:S3:{option}", error.Message);
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_opened_stops_the_start()
    {
        await using var app = Build(services => Use(services, options => options.Bucket = "missing"));

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => app.StartAsync(Cancel));

        Assert.Contains("There is no such bucket", error.Message);
    }

    [Fact]
    public async Task A_client_of_the_application_is_used_and_left_to_it()
    {
        using var client = S3Fixture.ClientOf(s3.Server);
        await using (var app = Build(services =>
        {
            services.AddSingleton<IAmazonS3>(_ => client);
            services.AddHoldfast().UseS3(options => (options.Bucket, options.Prefix) = (S3Fixture.Bucket, _prefix));
        }))
        {
            await app.StartAsync(Cancel);
            Assert.True((await app.Services.GetRequiredService<ISessionStore>().WriteAsync("s", new SessionWrite(0, DateTimeOffset.MaxValue, []), Cancel)).Committed);
        }

        Assert.Contains($"{_prefix}sessions/s.session", await NamesAsync());
    }

    [Fact]
    public async Task What_was_protected_is_read_after_a_deploy_onto_another_machine()
    {
        string cookie;
        await using (var first = Build(ProtectedApp))
        {
            cookie = Protector(first).Protect("session 1");
        }

        await using var second = Build(ProtectedApp);
        Assert.Equal("session 1", Protector(second).Unprotect(cookie));
        Assert.StartsWith($"{_prefix}keys/key-", Assert.Single(await NamesAsync()));
    }

    [Fact]
    public async Task A_key_ring_that_the_application_configured_is_left_alone()
    {
        var keys = Directory.CreateDirectory(_directory.File("keys"));
        await using var app = Build(services =>
        {
            ProtectedApp(services);
            services.AddDataProtection().PersistKeysToFileSystem(keys);
        });

        Protector(app).Protect("session 1");

        Assert.IsType<FileSystemXmlRepository>(app.Services.GetRequiredService<IOptions<KeyManagementOptions>>().Value.XmlRepository);
        Assert.Single(keys.GetFiles());
        Assert.Empty(await NamesAsync());
    }

    [Fact]
    public async Task A_key_that_cannot_be_read_is_named()
    {
        await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = S3Fixture.Bucket, Key = $"{_prefix}keys/bad.xml", ContentBody = "<key" }, Cancel);
        using var bucket = new BucketClient(s3.Options(_prefix), client: null);

        var error = Assert.Throws<SessionStoreException>(() => new S3KeyRing(bucket).GetAllElements());

        Assert.Contains($"'{_prefix}keys/bad.xml'", error.Message);
    }

    [Fact]
    public void A_key_ring_out_of_reach_says_why()
    {
        var options = s3.Options(_prefix);
        options.SecretKey = "wrong";
        using var bucket = new BucketClient(options, client: null);

        var error = Assert.Throws<SessionStoreException>(() => new S3KeyRing(bucket).GetAllElements());

        Assert.Contains("Data Protection keys", error.Message);
        Assert.Contains("SignatureDoesNotMatch", error.Message);
    }

    private void ProtectedApp(IServiceCollection services)
    {
        services.AddDataProtection();
        Use(services);
    }

    private void Use(IServiceCollection services, Action<S3StoreOptions>? configure = null) => services.AddHoldfast().UseS3(options =>
    {
        var server = s3.Options(_prefix);
        (options.Bucket, options.Prefix, options.Endpoint) = (server.Bucket, server.Prefix, server.Endpoint);
        (options.AccessKey, options.SecretKey) = (server.AccessKey, server.SecretKey);
        configure?.Invoke(options);
    });

    private WebApplication Build(Action<IServiceCollection> configure, Dictionary<string, string?>? configured = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "Shop", ContentRootPath = _directory.Path });
        builder.Logging.ClearProviders();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration.AddInMemoryCollection(configured ?? []);
        configure(builder.Services);
        return builder.Build();
    }

    private async Task<string[]> NamesAsync()
    {
        var listed = await s3.Client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = S3Fixture.Bucket, Prefix = _prefix }, Cancel);
        return [.. (listed.S3Objects ?? []).Select(found => found.Key)];
    }

    private static IDataProtector Protector(WebApplication app) => app.Services.GetDataProtector("test");
}
