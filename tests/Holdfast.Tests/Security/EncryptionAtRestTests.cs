using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Holdfast.Stores;
using Holdfast.TestViews;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Tests.Security;

/// <summary>What <c>EncryptAtRest()</c> does to an app: pages are as before, the store has nothing in clear, and a set-up that would gain nothing does not start.</summary>
public class EncryptionAtRestTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_value_of_a_page_is_in_the_file_and_the_next_server_reads_them(bool encryptFirst)
    {
        using var folder = new TemporaryFolder();
        await using var world = new World { Arguments = ["--environment=Staging"] }; // Its keys are those of the world, in memory.
        await StartAsync();
        var client = await world.OpenAsync("/basket");
        await client.InputAsync("input", "a line in plain text");
        await client.SubmitAsync("form");
        await client.InputAsync("input", "half of another");
        await client.AckedAsync();

        var files = Directory.GetFiles(folder.Path).Select(Read).ToList();
        files.ShouldContain(file => Contains(file, "/basket")); // A witness that the session is there, and would be found.
        files.ShouldAllBe(file => !Contains(file, "plain text") && !Contains(file, "half of another"));

        await client.DropAsync();
        await world.Node.StopAsync();
        await StartAsync();
        await client.RejoinAsync();
        client.Text("li").ShouldStartWith("a line in plain text");
        client.Value("input").ShouldBe("half of another");

        Task StartAsync() => world.StartNodeAsync(configureServices: services =>
        {
            var holdfast = new HoldfastBuilder(services);
            _ = encryptFirst ? holdfast.EncryptAtRest().UseSqlite(folder.File("holdfast.db")) : holdfast.UseSqlite(folder.File("holdfast.db")).EncryptAtRest();
        });
    }

    [Fact]
    public async Task It_is_turned_on_for_an_app_that_has_sessions_and_they_go_on()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.AckedAsync();

        await client.DropAsync();
        await world.Node.StopAsync();
        await world.StartNodeAsync(configureServices: services => new HoldfastBuilder(services).UseStore(_ => world.Store).EncryptAtRest(readUnencrypted: true));
        await client.RejoinAsync();
        client.Text("#count").ShouldBe("1");
        await client.ClickAsync("#up");
        await client.AckedAsync();

        await client.DropAsync();
        await world.Node.StopAsync();
        await world.StartNodeAsync(configureServices: services => new HoldfastBuilder(services).UseStore(_ => world.Store).EncryptAtRest());
        await client.RejoinAsync();
        client.Text("#count").ShouldBe("2");
    }

    [Fact]
    public async Task The_memory_store_is_encrypted_too()
    {
        await using var app = TestApp.Build(["--store=memory"], services => new HoldfastBuilder(services).EncryptAtRest());
        await app.StartAsync();

        app.Services.GetRequiredService<ISessionStore>().ShouldBeOfType<Holdfast.Security.EncryptedSessionStore>().Inner.ShouldBeOfType<MemorySessionStore>();
    }

    [Fact]
    public async Task The_host_disposes_the_store_under_the_encryption_once()
    {
        var store = new CountingStore();
        await using (var app = TestApp.Build(["--store=memory", "--environment=Development"], services => new HoldfastBuilder(services).UseStore(_ => store).EncryptAtRest()))
        {
            await app.StartAsync();
            store.Opened.ShouldBe(1);
        }

        store.Disposed.ShouldBe(1);
    }

    [Fact]
    public async Task A_page_whose_values_cannot_be_decrypted_says_so_and_its_session_is_left_as_it_is()
    {
        await using var world = new World();
        world.ExpectsErrors = true;
        await world.StartNodeAsync(configureServices: services => new HoldfastBuilder(services).UseStore(_ => world.Store).EncryptAtRest());
        var client = await world.OpenAsync("/scopes");
        await client.ClickAsync("#all");
        await client.AckedAsync();
        await client.LeaveAsync();
        await Until.SoAsync(() => world.Node.Sessions.Count == 0);
        var writes = world.Store.Writes;

        world.Store.CorruptReads(int.MaxValue, entry => entry.Name == "OfSession");
        await client.GetPageAsync("/scopes");
        client.Text("#found").ShouldBe("FirstPaint Error");
        await client.ConnectAsync();
        await client.SendJoinAsync();
        (await client.ClosedAsync()).ShouldBe(1013);
        world.Store.Writes.ShouldBe(writes);
        world.Node.Log.Errors.ShouldContain(error => error.Contains("cannot be decrypted"));

        world.Store.Heal();
        await client.GetPageAsync("/scopes");
        await client.JoinAsync();
        client.Text("#session").ShouldBe("1");
    }

    [Fact]
    public async Task Keys_that_lie_open_in_the_same_store_stop_the_start()
    {
        using var folder = new TemporaryFolder();
        await using var app = TestApp.Build([], services => new HoldfastBuilder(services).UseSqlite(folder.File("holdfast.db")).EncryptAtRest());

        var error = await Should.ThrowAsync<InvalidOperationException>(() => app.StartAsync());

        error.Message.ShouldContain("lie unprotected in the store 'SqliteSessionStore'");
        error.Message.ShouldContain("ProtectKeysWithCertificate");
    }

    [Fact]
    public async Task Keys_that_are_protected_in_the_same_store_or_kept_elsewhere_are_well()
    {
        using var folder = new TemporaryFolder();
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=keys", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue);
        await StartAsync("protected.db", keys => keys.ProtectKeysWithCertificate(certificate));
        await StartAsync("elsewhere.db", keys => keys.PersistKeysToFileSystem(new DirectoryInfo(folder.Path)));

        async Task StartAsync(string file, Action<IDataProtectionBuilder> configure)
        {
            await using var app = TestApp.Build([], services =>
            {
                new HoldfastBuilder(services).UseSqlite(folder.File(file)).EncryptAtRest();
                configure(services.AddDataProtection());
            });
            await app.StartAsync();
        }
    }

    [Fact]
    public async Task A_store_that_was_registered_past_the_builder_stops_the_start()
    {
        await using var app = TestApp.Build(["--store=memory"], services =>
        {
            new HoldfastBuilder(services).EncryptAtRest();
            services.AddSingleton<ISessionStore>(new MemorySessionStore());
        });

        var error = await Should.ThrowAsync<InvalidOperationException>(() => app.StartAsync());

        error.Message.ShouldContain("the session store 'MemorySessionStore' is not encrypted");
        error.Message.ShouldContain("UseStore");
    }

    private static string Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
        return reader.ReadToEnd();
    }

    private static bool Contains(string file, string text) => file.Contains(text, StringComparison.OrdinalIgnoreCase);

    private sealed class CountingStore : ISessionStore, IAsyncDisposable
    {
        private readonly MemorySessionStore _inner = new();

        public int Opened { get; private set; }

        public int Disposed { get; private set; }

        public ValueTask OpenAsync(CancellationToken cancellationToken)
        {
            Opened++;
            return ValueTask.CompletedTask;
        }

        public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken) => _inner.ReadAsync(key, knownRevision, cancellationToken);

        public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken) => _inner.WriteAsync(key, write, cancellationToken);

        public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) => _inner.DeleteAsync(key, cancellationToken);

        public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => _inner.ListAsync(cancellationToken);

        public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => _inner.SweepAsync(cancellationToken);

        public ValueTask DisposeAsync()
        {
            Disposed++;
            return ValueTask.CompletedTask;
        }
    }
}
