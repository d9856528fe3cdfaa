using System.Xml.Linq;
using Holdfast.Redis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What <c>UseRedis</c> does to an application: its store, its notifier, its options, its Data Protection.</summary>
public sealed class RedisRegistrationTests(SharedRedis redis) : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private RedisStoreOptions _options = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _options = await redis.OptionsAsync();

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task It_takes_the_place_of_another_store_and_brings_a_notifier()
    {
        await using var app = Build(builder =>
        {
            new HoldfastBuilder(builder.Services).UseSqlite();
            new HoldfastBuilder(builder.Services).UseRedis(_options.ConnectionString);
        });

        Assert.IsType<RedisSessionStore>(Assert.Single(app.Services.GetServices<ISessionStore>()));
        Assert.IsType<RedisNotifier>(Assert.Single(app.Services.GetServices<ISessionNotifier>()));
    }

    [Fact]
    public async Task The_configuration_says_where_the_server_is_and_code_wins_over_it()
    {
        void Configure(WebApplicationBuilder builder, string connectionString) => builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Holdfast:Redis:ConnectionString"] = connectionString,
            ["Holdfast:Redis:Prefix"] = _options.Prefix,
            ["Holdfast:Redis:CommandTimeout"] = "00:00:07",
        });
        await using (var app = Build(builder =>
        {
            Configure(builder, _options.ConnectionString);
            new HoldfastBuilder(builder.Services).UseRedis();
        }))
        {
            await app.StartAsync(Cancel);
            await WriteAsync(app.Services.GetRequiredService<ISessionStore>());
            Assert.Equal(TimeSpan.FromSeconds(7), app.Services.GetRequiredService<IOptions<RedisStoreOptions>>().Value.CommandTimeout);
        }

        await using (var app = Build(builder =>
        {
            Configure(builder, "127.0.0.1:1");
            new HoldfastBuilder(builder.Services).UseRedis(_options.ConnectionString);
        }))
        {
            await app.StartAsync(Cancel);
            Assert.Equal(SessionReadStatus.Read, (await app.Services.GetRequiredService<ISessionStore>().ReadAsync("s", 0, Cancel)).Status);
        }
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_stops_the_start()
    {
        await using var app = Build(builder => new HoldfastBuilder(builder.Services).UseRedis("127.0.0.1:1,password=topsecret"));

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => app.StartAsync(Cancel));

        Assert.Contains("127.0.0.1:1", error.Message);
        Assert.DoesNotContain("topsecret", error.ToString());
    }

    [Theory]
    [InlineData("", "hf:", "ConnectionString")]
    [InlineData("localhost,topsecret=yes", "hf:", "ConnectionString")]
    [InlineData("localhost", "", "Prefix")]
    public async Task Options_that_cannot_be_used_stop_the_start_and_are_named(string connectionString, string prefix, string named)
    {
        await using var app = Build(builder => new HoldfastBuilder(builder.Services).UseRedis(options =>
        {
            options.ConnectionString = connectionString;
            options.Prefix = prefix;
        }));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync(Cancel));

        Assert.Contains($"Holdfast:Redis:{named}", error.Message);
        Assert.DoesNotContain("topsecret", error.ToString());
    }

    [Fact]
    public async Task A_time_out_without_end_stops_the_start()
    {
        await using var app = Build(
            builder => new HoldfastBuilder(builder.Services).UseRedis(options => options.CommandTimeout = Timeout.InfiniteTimeSpan));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync(Cancel));

        Assert.Contains("CommandTimeout", error.Message);
    }

    [Fact]
    public async Task What_was_protected_on_one_node_is_read_on_another()
    {
        string cookie;
        await using (var first = BuildNode())
        {
            cookie = first.Services.GetDataProtector("test").Protect("session 1");
        }

        await using var second = BuildNode();
        Assert.Equal("session 1", second.Services.GetDataProtector("test").Unprotect(cookie));
        Assert.Equal(1, await CountKeysAsync());
    }

    [Fact]
    public async Task A_key_ring_that_the_application_configured_is_left_alone()
    {
        var keys = Directory.CreateDirectory(_directory.File("keys"));
        await using var app = BuildNode(builder => builder.Services.AddDataProtection().PersistKeysToFileSystem(keys));

        app.Services.GetDataProtector("test").Protect("session 1");

        Assert.IsType<FileSystemXmlRepository>(app.Services.GetRequiredService<IOptions<KeyManagementOptions>>().Value.XmlRepository);
        Assert.Single(keys.GetFiles());
        Assert.Equal(0, await CountKeysAsync());
    }

    [Fact]
    public async Task Keys_come_back_as_they_were_stored_and_in_their_order()
    {
        await using var connection = new RedisConnection(_options);
        var ring = new RedisKeyRing(connection, _options.Prefix);
        Assert.Empty(ring.GetAllElements());

        ring.StoreElement(XElement.Parse("<key id=\"1\"><!-- é --><value>&lt;</value></key>"), "one");
        ring.StoreElement(new XElement("key", new XAttribute("id", 2)), "two");

        Assert.Equal(
            ["<key id=\"1\"><!-- é --><value>&lt;</value></key>", "<key id=\"2\" />"],
            ring.GetAllElements().Select(element => element.ToString(SaveOptions.DisableFormatting)));
    }

    [Fact]
    public async Task A_key_ring_that_cannot_be_reached_says_why()
    {
        await using var connection = new RedisConnection(new RedisStoreOptions { ConnectionString = "127.0.0.1:1" });

        var error = Assert.Throws<SessionStoreException>(() => new RedisKeyRing(connection, "hf:").GetAllElements());

        Assert.Contains("The Data Protection keys in Redis at 127.0.0.1:1 could not be used", error.Message);
    }

    private WebApplication BuildNode(Action<WebApplicationBuilder>? configure = null) => Build(builder =>
    {
        builder.Services.AddDataProtection();
        new HoldfastBuilder(builder.Services).UseRedis(options => (options.ConnectionString, options.Prefix) = (_options.ConnectionString, _options.Prefix));
        configure?.Invoke(builder);
    });

    private WebApplication Build(Action<WebApplicationBuilder> configure)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "Shop", ContentRootPath = _directory.Path });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["urls"] = "http://127.0.0.1:0" });
        builder.Logging.ClearProviders();
        configure(builder);
        return builder.Build();
    }

    private static async Task WriteAsync(ISessionStore store) =>
        await store.WriteAsync("s", new SessionWrite(0, TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1), []), Cancel);

    private async Task<long> CountKeysAsync()
    {
        using var direct = await ConnectionMultiplexer.ConnectAsync(_options.ConnectionString);
        return await direct.GetDatabase().ListLengthAsync(_options.Prefix + "keys");
    }
}
