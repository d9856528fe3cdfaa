using Holdfast.Stores;
using Holdfast.Testing.Processes;
using Holdfast.TestViews;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Tests.Hosting;

/// <summary>What is checked when the host starts: that the store opens, and that what it keeps can be found again.</summary>
public class StoreStartupTests
{
    [Fact]
    public async Task In_production_keys_in_memory_beside_a_durable_store_stop_the_start()
    {
        using var folder = new TemporaryFolder();

        var error = await Should.ThrowAsync<InvalidOperationException>(() => StartAsync("Production", folder, services => services.AddDataProtection().UseEphemeralDataProtectionProvider()));

        error.Message.ShouldBe(
            "Sessions outlive this process in the store 'SqliteSessionStore', but the Data Protection keys do not: they are in memory only. With them end the cookies, so every restart would lose all sessions "
            + "though they are stored. Keep the keys too: 'builder.Services.AddDataProtection().PersistKeysTo…(…)', or use a store that keeps them, such as UseSqlite().");
    }

    [Theory]
    [InlineData("Development")]
    [InlineData("Staging")]
    public async Task Elsewhere_they_do_not(string environment)
    {
        using var folder = new TemporaryFolder();
        (await StartAsync(environment, folder, services => services.AddDataProtection().UseEphemeralDataProtectionProvider())).ShouldBeEmpty();
    }

    [Fact]
    public async Task In_production_a_store_that_keeps_the_keys_is_well_and_nothing_is_said()
    {
        using var folder = new TemporaryFolder();
        (await StartAsync("Production", folder)).ShouldBeEmpty();
    }

    [Fact]
    public async Task In_production_no_place_for_keys_stops_the_start_and_a_home_is_one()
    {
        using var folder = new TemporaryFolder();
        var options = new ServerProcessOptions
        {
            Path = typeof(TestApp).Assembly.Location,
            Arguments = ["--store=keyless", $"--Holdfast:Sqlite:Path={folder.File("holdfast.db")}", "--environment=Production"],
            Environment = new Dictionary<string, string?> { ["HOME"] = "/dev/null", ["LOCALAPPDATA"] = null, ["USERPROFILE"] = null },
        };

        var error = await Should.ThrowAsync<InvalidOperationException>(() => ServerProcess.StartAsync(options));
        error.Message.ShouldContain("the Data Protection keys do not: they are in memory only");

        await using var server = await ServerProcess.StartAsync(options with
        {
            Environment = new Dictionary<string, string?> { ["HOME"] = folder.Path, ["LOCALAPPDATA"] = null, ["USERPROFILE"] = null },
        });
        server.IsRunning.ShouldBeTrue();
    }

    [Theory]
    [InlineData("Production", 1)]
    [InlineData("Development", 0)]
    public async Task The_memory_store_is_warned_of_once_and_in_production(string environment, int warnings)
    {
        using var folder = new TemporaryFolder();
        var log = await StartAsync(environment, folder, arguments: "--store=memory");
        log.Count.ShouldBe(warnings);
        log.ShouldAllBe(warning => warning.Contains("'MemorySessionStore', in the memory of this process"));
    }

    [Fact]
    public async Task A_store_is_opened_that_was_registered_as_a_service()
    {
        using var folder = new TemporaryFolder();
        var error = await Should.ThrowAsync<SessionStoreException>(
            () => StartAsync("Development", folder, services => services.AddSingleton<ISessionStore>(new CarelessStore { Opens = false }), "--store=memory"));
        error.Message.ShouldBe("It does not open.");
    }

    /// <summary>Starts an app, stops it, and returns what it warned of.</summary>
    private static async Task<IReadOnlyList<string>> StartAsync(
        string environment, TemporaryFolder folder, Action<IServiceCollection>? configureServices = null, params string[] arguments)
    {
        using var log = new ErrorLog();
        await using var app = TestApp.Build([$"--environment={environment}", $"--Holdfast:Sqlite:Path={folder.File("holdfast.db")}", .. arguments], services =>
        {
            services.AddLogging(logging => logging.ClearProviders().AddProvider(log));
            configureServices?.Invoke(services);
        });
        await app.StartAsync();
        await app.StopAsync();
        return [.. log.All.Where(entry => entry.Contains("Holdfast."))];
    }

    /// <summary>Keeps what it is given as long as it likes.</summary>
    private sealed class CarelessStore : ISessionStore
    {
        private readonly MemorySessionStore _inner = new();

        public bool Opens { get; init; } = true;

        public StoreDurability Durability => StoreDurability.BestEffort;

        public ValueTask OpenAsync(CancellationToken cancellationToken) =>
            Opens ? ValueTask.CompletedTask : ValueTask.FromException(new SessionStoreException("It does not open."));

        public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken) => _inner.ReadAsync(key, knownRevision, cancellationToken);

        public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken) => _inner.WriteAsync(key, write, cancellationToken);

        public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) => _inner.DeleteAsync(key, cancellationToken);

        public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => _inner.ListAsync(cancellationToken);

        public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => _inner.SweepAsync(cancellationToken);
    }
}
