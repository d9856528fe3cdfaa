using Holdfast.Sqlite;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What <c>UseSqlite</c> does to an application: its store, its options, its Data Protection.</summary>
public sealed class SqliteRegistrationTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string DatabasePath => _directory.File("holdfast.db");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task It_takes_the_place_of_another_store()
    {
        await using var app = Build(_directory.Path, builder =>
        {
            builder.Services.AddSingleton<ISessionStore>(new MemorySessionStore());
            builder.Services.AddHoldfast().UseSqlite();
        });

        Assert.IsType<SqliteSessionStore>(Assert.Single(app.Services.GetServices<ISessionStore>()));
    }

    [Fact]
    public async Task Without_a_path_the_file_is_in_the_content_root()
    {
        await using var app = Build(_directory.Path, builder => builder.Services.AddHoldfast().UseSqlite());
        app.Services.GetRequiredService<ISessionStore>();

        Assert.True(File.Exists(DatabasePath));
    }

    [Fact]
    public async Task The_configuration_names_the_file_and_code_wins_over_it()
    {
        var configured = new Dictionary<string, string?> { ["Holdfast:Sqlite:Path"] = _directory.File("configured.db") };
        await using (var app = Build(_directory.Path, builder =>
        {
            builder.Configuration.AddInMemoryCollection(configured);
            builder.Services.AddHoldfast().UseSqlite();
        }))
        {
            app.Services.GetRequiredService<ISessionStore>();
        }
        Assert.True(File.Exists(_directory.File("configured.db")));

        await using (var app = Build(_directory.Path, builder =>
        {
            builder.Configuration.AddInMemoryCollection(configured);
            builder.Services.AddHoldfast().UseSqlite("in-code.db");
        }))
        {
            app.Services.GetRequiredService<ISessionStore>();
        }
        Assert.True(File.Exists(_directory.File("in-code.db")));
    }

    [Fact]
    public async Task A_file_that_cannot_be_opened_stops_the_start()
    {
        await using var app = Build(
            _directory.Path, builder => builder.Services.AddHoldfast().UseSqlite("missing/holdfast.db"));

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => app.StartAsync(Cancel));

        Assert.Contains("does not exist", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":memory:")]
    public async Task A_path_that_is_no_file_stops_the_start(string path)
    {
        await using var app = Build(_directory.Path, builder => builder.Services.AddHoldfast().UseSqlite(path));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync(Cancel));

        Assert.Contains("Holdfast:Sqlite:Path", error.Message);
    }

    [Fact]
    public async Task What_was_protected_is_read_after_a_deploy_into_another_folder()
    {
        string cookie;
        await using (var first = BuildRelease("release-1"))
        {
            cookie = Protector(first).Protect("session 1");
        }

        await using var second = BuildRelease("release-2");
        Assert.Equal("session 1", Protector(second).Unprotect(cookie));
        Assert.Equal(1L, CountKeys());
    }

    [Fact]
    public async Task The_default_discriminator_which_it_replaces_is_the_content_root()
    {
        await using var app = Build(_directory.Path, builder => builder.Services.AddDataProtection());

        // If this fails, ASP.NET Core has changed its default, and KeyRingDefaults has to follow.
        Assert.Equal(
            Path.TrimEndingDirectorySeparator(_directory.Path),
            Path.TrimEndingDirectorySeparator(Discriminator(app)!));
    }

    [Fact]
    public async Task The_discriminator_becomes_the_applications_name_unless_the_application_set_one()
    {
        await using var app = BuildRelease("release-1");
        Assert.Equal("Shop", Discriminator(app));

        await using var named = BuildRelease(
            "release-2", builder => builder.Services.AddDataProtection().SetApplicationName("shop-and-admin"));
        Assert.Equal("shop-and-admin", Discriminator(named));
    }

    [Fact]
    public async Task A_key_ring_that_the_application_configured_is_left_alone()
    {
        var keys = Directory.CreateDirectory(_directory.File("keys"));
        await using var app = BuildRelease(
            "release-1", builder => builder.Services.AddDataProtection().PersistKeysToFileSystem(keys));

        Protector(app).Protect("session 1");

        Assert.IsType<FileSystemXmlRepository>(
            app.Services.GetRequiredService<IOptions<KeyManagementOptions>>().Value.XmlRepository);
        Assert.Single(keys.GetFiles());
        app.Services.GetRequiredService<ISessionStore>();
        Assert.Equal(0L, CountKeys());
    }

    [Fact]
    public void A_key_ring_that_cannot_be_opened_says_why()
    {
        File.WriteAllText(DatabasePath, "this is no database, as anyone can see who reads on for long enough");
        var ring = new SqliteKeyRing(new SqliteDatabase(DatabasePath));

        var error = Assert.Throws<SessionStoreException>(() => ring.GetAllElements());

        Assert.Contains("is not a SQLite database", error.Message);
    }

    private WebApplication BuildRelease(string folder, Action<WebApplicationBuilder>? configure = null) =>
        Build(Directory.CreateDirectory(_directory.File(folder)).FullName, builder =>
        {
            builder.Services.AddDataProtection();
            builder.Services.AddHoldfast().UseSqlite(DatabasePath);
            configure?.Invoke(builder);
        });

    private static WebApplication Build(string contentRoot, Action<WebApplicationBuilder> configure)
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { ApplicationName = "Shop", ContentRootPath = contentRoot });
        builder.Logging.ClearProviders();
        configure(builder);
        return builder.Build();
    }

    private static IDataProtector Protector(WebApplication app) => app.Services.GetDataProtector("test");

    private static string? Discriminator(WebApplication app) =>
        app.Services.GetRequiredService<IOptions<DataProtectionOptions>>().Value.ApplicationDiscriminator;

    private object? CountKeys()
    {
        using var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM data_protection_keys";
        return command.ExecuteScalar();
    }
}
