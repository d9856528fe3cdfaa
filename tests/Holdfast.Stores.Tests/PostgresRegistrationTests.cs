using Holdfast.Postgres;
using Holdfast.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What <c>UsePostgres</c> does to an application: its store, its notifier, its options, its Data Protection.</summary>
public sealed class PostgresRegistrationTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private readonly string _schema = postgres.NewSchema();
    private string _connectionString = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _connectionString = (await postgres.ServerAsync()).ConnectionString;

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task It_takes_the_place_of_another_store_and_brings_a_notifier()
    {
        await using var app = Build(_directory.Path, builder =>
        {
            builder.Services.AddSingleton<ISessionStore>(new MemorySessionStore());
            new HoldfastBuilder(builder.Services).UsePostgres(_connectionString);
        });

        Assert.IsType<PostgresSessionStore>(Assert.Single(app.Services.GetServices<ISessionStore>()));
        Assert.IsType<PostgresNotifier>(Assert.Single(app.Services.GetServices<ISessionNotifier>()));
    }

    [Fact]
    public async Task The_configuration_names_the_database_and_code_wins_over_it()
    {
        var configured = new Dictionary<string, string?>
        {
            ["Holdfast:Postgres:ConnectionString"] = _connectionString,
            ["Holdfast:Postgres:Schema"] = _schema,
            ["Holdfast:Postgres:CommandTimeout"] = "00:00:03",
        };
        await using (var app = Build(_directory.Path, builder =>
        {
            builder.Configuration.AddInMemoryCollection(configured);
            new HoldfastBuilder(builder.Services).UsePostgres();
        }))
        {
            await OpenAsync(app);
            Assert.Equal(TimeSpan.FromSeconds(3), app.Services.GetRequiredService<IOptions<PostgresStoreOptions>>().Value.CommandTimeout);
        }

        Assert.Equal(0L, await CountAsync("records"));
        await using (var app = Build(_directory.Path, builder =>
        {
            builder.Configuration.AddInMemoryCollection(configured);
            new HoldfastBuilder(builder.Services).UsePostgres(options => options.Schema = _schema + "_in_code");
        }))
        {
            await OpenAsync(app);
        }

        Assert.Equal(0L, await CountAsync("records", _schema + "_in_code"));
    }

    [Fact]
    public async Task Without_a_connection_string_the_applications_data_source_is_used_and_not_disposed()
    {
        await using var source = NpgsqlDataSource.Create(_connectionString);
        await using (var app = Build(_directory.Path, builder =>
        {
            builder.Services.AddSingleton(source);
            new HoldfastBuilder(builder.Services).UsePostgres(options => options.Schema = _schema);
        }))
        {
            await OpenAsync(app);
            var store = app.Services.GetRequiredService<ISessionStore>();
            Assert.True((await store.WriteAsync("s", new SessionWrite(0, DateTimeOffset.MaxValue, []), Cancel)).Committed);
            var notifier = app.Services.GetRequiredService<ISessionNotifier>();
            var subscriber = new Subscriber();
            await notifier.SubscribeAsync(subscriber, Cancel);
            await notifier.PublishAsync(new byte[5], Cancel);
            Assert.Equal(5, await subscriber.Length.WaitAsync(Cancel));
        }

        // The store and the notifier are gone, what they used is not.
        await using var command = source.CreateCommand($"SELECT count(*) FROM {_schema}.records");
        Assert.Equal(1L, await command.ExecuteScalarAsync(Cancel));
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_stops_the_start()
    {
        await using var app = Build(_directory.Path, builder =>
            new HoldfastBuilder(builder.Services).UsePostgres($"Host=127.0.0.1;Port={Testing.Processes.FreePort.Next()};Username=shop"));

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => app.StartAsync(Cancel));

        Assert.Contains("Nothing listens there", error.Message);
    }

    [Theory]
    [InlineData("ConnectionString", "")]
    [InlineData("Schema", "Holdfast")]
    [InlineData("Schema", "a\"b")]
    [InlineData("Schema", "line\n")]
    [InlineData("CommandTimeout", "00:00:00")]
    public async Task Options_that_cannot_be_stop_the_start(string option, string value)
    {
        await using var app = Build(_directory.Path, builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Holdfast:Postgres:ConnectionString"] = _connectionString,
                [$"Holdfast:Postgres:{option}"] = value,
            });
            new HoldfastBuilder(builder.Services).UsePostgres();
        });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync(Cancel));

        Assert.Contains("Holdfast:Postgres:", error.Message);
        Assert.Contains(option, error.Message);
    }

    [Fact]
    public async Task What_was_protected_is_read_after_a_deploy_into_another_folder_also_before_the_store_is_open()
    {
        string cookie;
        await using (var first = BuildRelease("release-1"))
        {
            cookie = Protector(first).Protect("session 1");
        }

        await using var second = BuildRelease("release-2");
        Assert.Equal("session 1", Protector(second).Unprotect(cookie));
        Assert.Equal(1L, await CountAsync("data_protection_keys"));
    }

    [Fact]
    public async Task A_key_ring_that_the_application_configured_is_left_alone()
    {
        var keys = Directory.CreateDirectory(_directory.File("keys"));
        await using var app = BuildRelease("release-1", builder => builder.Services.AddDataProtection().PersistKeysToFileSystem(keys));

        Protector(app).Protect("session 1");

        Assert.IsType<FileSystemXmlRepository>(app.Services.GetRequiredService<IOptions<KeyManagementOptions>>().Value.XmlRepository);
        Assert.Single(keys.GetFiles());
        await OpenAsync(app);
        Assert.Equal(0L, await CountAsync("data_protection_keys"));
    }

    [Fact]
    public async Task A_key_ring_that_cannot_be_used_says_why()
    {
        await using var app = BuildRelease("release-1");
        var ring = app.Services.GetRequiredService<PostgresKeyRing>();
        ring.StoreElement(new("key"), null!);
        Assert.Equal("key", Assert.Single(ring.GetAllElements()).Name.LocalName);
        await postgres.ExecuteAsync($"DROP TABLE {_schema}.data_protection_keys");

        var error = Assert.Throws<SessionStoreException>(() => ring.GetAllElements());

        Assert.Contains("Data Protection keys", error.Message);
        Assert.Contains("is gone", error.Message);
    }

    private static async Task OpenAsync(WebApplication app) => await app.Services.GetRequiredService<ISessionStore>().OpenAsync(Cancel);

    private WebApplication BuildRelease(string folder, Action<WebApplicationBuilder>? configure = null) =>
        Build(Directory.CreateDirectory(_directory.File(folder)).FullName, builder =>
        {
            builder.Services.AddDataProtection();
            new HoldfastBuilder(builder.Services).UsePostgres(options => (options.ConnectionString, options.Schema) = (_connectionString, _schema));
            configure?.Invoke(builder);
        });

    private static WebApplication Build(string contentRoot, Action<WebApplicationBuilder> configure)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "Shop", ContentRootPath = contentRoot });
        builder.Logging.ClearProviders();
        configure(builder);
        return builder.Build();
    }

    private static IDataProtector Protector(WebApplication app) => app.Services.GetDataProtector("test");

    private Task<object?> CountAsync(string table, string? schema = null) => postgres.ExecuteAsync($"SELECT count(*) FROM {schema ?? _schema}.{table}");

    private sealed class Subscriber : INoticeSubscriber
    {
        private readonly TaskCompletionSource<int> _length = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<int> Length => _length.Task;

        public void OnNotice(ReadOnlyMemory<byte> notice) => _length.TrySetResult(notice.Length);

        public void OnGap()
        {
        }
    }
}
