using System.Net;
using Holdfast.Testing.Faults;
using Holdfast.Testing.Processes;

namespace Holdfast.Tests.Stores;

/// <summary>Pages on real stores that are taken away from them, over real sockets.</summary>
[Collection(RealStoresCollection.Name)]
public sealed class StoreOutageTests(RealStores stores)
{
    [Theory]
    [InlineData(RealStore.Postgres)]
    [InlineData(RealStore.Redis)]
    [InlineData(RealStore.S3)]
    public async Task Pages_go_on_while_the_store_is_dead_and_are_saved_when_it_is_back(RealStore kind)
    {
        await using var world = await StartAsync(kind);
        world.ExpectsErrors = true;
        var counter = await world.OpenAsync("/counter", Patient);
        var paying = await world.OpenAsync("/paying", Patient);
        await ClickAsync(counter, "#up", 1);
        await ClickAsync(paying, "#pay", 1);

        await stores.KillAsync(kind);
        await GoOnAsync(counter, paying);

        await stores.RestartAsync(kind);
        await SaveAsync(counter, paying);
        await world.CrashAsync();
        await ShowSavedAsync(counter, paying);
    }

    [Fact]
    public async Task Pages_go_on_while_the_disk_is_full_and_are_saved_when_it_has_room()
    {
        using var folder = new TemporaryFolder();
        await using var server = await ServerProcess.StartAsync(new ServerProcessOptions
        {
            Path = typeof(TestViews.TestApp).Assembly.Location,
            Arguments = [$"--Holdfast:Sqlite:Path={folder.File("sessions.db")}"],
        }.WithDiskThatMayBeFull());
        await using var counter = new ProtocolClient(Patient(new ProtocolClientOptions { BaseAddress = server.Address }));
        await using var paying = new ProtocolClient(Patient(new ProtocolClientOptions { BaseAddress = server.Address }));
        await counter.GetPageAsync("/counter");
        await counter.JoinAsync();
        await paying.GetPageAsync("/paying");
        await paying.JoinAsync();
        await ClickAsync(counter, "#up", 1);
        await ClickAsync(paying, "#pay", 1);

        server.FillDisk();
        await GoOnAsync(counter, paying);

        server.FreeDisk();
        await SaveAsync(counter, paying);
        server.Kill();
        await server.RestartAsync();
        await ShowSavedAsync(counter, paying);
    }

    [Theory]
    [InlineData(RealStore.Sqlite)]
    [InlineData(RealStore.Postgres)]
    [InlineData(RealStore.Redis)]
    [InlineData(RealStore.S3)]
    public async Task A_read_that_fails_is_no_empty_session(RealStore kind)
    {
        await using var world = await StartAsync(kind);
        await MeetUnreadStateAsync(
            world,
            () =>
            {
                world.Store.FailReads();
                return Task.CompletedTask;
            },
            () =>
            {
                world.Store.Heal();
                return Task.CompletedTask;
            });
    }

    [Theory]
    [InlineData(RealStore.Postgres)]
    [InlineData(RealStore.Redis)]
    [InlineData(RealStore.S3)]
    public async Task A_store_that_is_dead_is_no_empty_session(RealStore kind)
    {
        await using var world = await StartAsync(kind);
        await MeetUnreadStateAsync(world, () => stores.KillAsync(kind), () => stores.RestartAsync(kind));
    }

    [Theory]
    [InlineData(RealStore.Sqlite)]
    [InlineData(RealStore.Postgres)]
    [InlineData(RealStore.Redis)]
    [InlineData(RealStore.S3)]
    public async Task A_thousand_gets_without_a_cookie_create_nothing_and_read_nothing(RealStore kind)
    {
        await using var world = await StartAsync(kind);
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, MaxConnectionsPerServer = 8 }) { BaseAddress = world.Address };
        var before = await KeysAsync(world);
        var (reads, writes) = (world.Store.Reads, world.Store.Writes);
        var cookies = 0;
        await Parallel.ForAsync(0, 1_000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, cancellationToken) =>
        {
            using var response = await http.GetAsync(new Uri("counter", UriKind.Relative), cancellationToken);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            Interlocked.Add(ref cookies, response.Headers.Contains("Set-Cookie") ? 1 : 0);
        });
        cookies.ShouldBe(1_000); // Each was a new browser.
        (world.Store.Reads - reads).ShouldBe(0);
        (world.Store.Writes - writes).ShouldBe(0);
        (await KeysAsync(world)).ShouldBe(before);
        world.Node.Sessions.Count.ShouldBe(0);
    }

    [Theory]
    [InlineData(RealStore.Sqlite)]
    [InlineData(RealStore.Postgres)]
    [InlineData(RealStore.Redis)]
    [InlineData(RealStore.S3)]
    public async Task A_server_that_stops_has_a_backlog_written(RealStore kind)
    {
        await using var world = await StartAsync(kind);
        var clients = new List<ProtocolClient>();
        for (var i = 0; i < 50; i++)
        {
            clients.Add(await world.OpenAsync("/counter", Patient));
        }

        world.Store.HoldWrites();
        foreach (var client in clients)
        {
            await client.ClickAsync("#up");
            await client.ClickAsync("#up");
            await client.UntilTextAsync("#count", "2");
            client.Acked.ShouldBe(0);
        }

        var stopping = world.Node.StopAsync();
        stopping.IsCompleted.ShouldBeFalse();
        world.Store.ReleaseWrites();
        await stopping.WaitAsync(TimeSpan.FromSeconds(30)); // The host's own time, by default.
        var stored = new List<string>();
        foreach (var key in await world.RecordsAsync())
        {
            stored.AddRange((await world.Store.ReadAsync(key, 0, CancellationToken.None)).Session!.Entries.Select(World.Text).Where(entry => entry.Contains(" Count ", StringComparison.Ordinal)));
        }

        stored.ShouldBe(Enumerable.Repeat("/counter m Count 2", 50));
    }

    private async Task<World> StartAsync(RealStore kind)
    {
        var world = new World
        {
            Store = new FaultyStore(await stores.NewAsync(kind)),
            Arguments = ["--environment=Development"], // In Production keys that are in memory only would be refused.
        };
        await world.StartNodeAsync();
        return world;
    }

    /// <summary>A store that comes back is asked again after 5 s at most, and some need time of their own.</summary>
    private static ProtocolClientOptions Patient(ProtocolClientOptions options) => options with { Deadline = TimeSpan.FromSeconds(30) };

    private static async Task ClickAsync(ProtocolClient client, string button, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await client.ClickAsync(button);
        }

        await client.AckedAsync();
    }

    /// <summary>Nothing is saved: an ordinary page shows what was done, and one that shows only what is stored does not.</summary>
    private static async Task GoOnAsync(ProtocolClient counter, ProtocolClient paying)
    {
        for (var i = 2; i <= 4; i++)
        {
            await counter.ClickAsync("#up");
            await counter.UntilTextAsync("#count", $"{i}");
            await paying.ClickAsync("#pay");
        }

        await paying.PingAsync();
        paying.Text("#paid").ShouldBe("1");
        (counter.Acked, paying.Acked).ShouldBe((1, 1));
    }

    private static async Task SaveAsync(ProtocolClient counter, ProtocolClient paying)
    {
        await counter.AckedAsync();
        await paying.AckedAsync();
        paying.Text("#paid").ShouldBe("4");
        counter.Errors.ShouldBeEmpty();
        paying.Errors.ShouldBeEmpty();
    }

    private static async Task ShowSavedAsync(ProtocolClient counter, ProtocolClient paying)
    {
        (await counter.RejoinAsync()).Found.ShouldBe("restored");
        counter.Text("#count").ShouldBe("4");
        await paying.RejoinAsync();
        paying.Text("#paid").ShouldBe("4");
    }

    /// <summary>GET, join and POST meet state that cannot be read; afterwards every byte of it is what it was.</summary>
    private static async Task MeetUnreadStateAsync(World world, Func<Task> fail, Func<Task> heal)
    {
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/scopes", Patient);
        await ClickAsync(client, "#session-up", 3);
        var form = await world.OpenFormAsync("/scopes", client.Cookies);
        await client.DropAsync();
        await world.CrashAsync(); // Nobody has it in memory.
        var before = await BytesAsync(world);

        await fail();
        (await client.GetPageAsync("/scopes")).StatusCode.ShouldBe(HttpStatusCode.OK);
        client.Text("#found").ShouldBe("FirstPaint Error");
        await client.ConnectAsync();
        await client.SendJoinAsync();
        (await client.ReceiveAsync<ErrorFrame>()).Code.ShouldBe("failed");
        (await client.ClosedAsync()).ShouldBe(1013);
        await form.PressAsync("#session-up");
        form.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);

        await heal();
        await Until.SoAsync(() => world.Node.Sessions.Count == 0);
        (await BytesAsync(world)).ShouldBe(before);
        await client.JoinAsync();
        client.Text("#session").ShouldBe("3");
        await ClickAsync(client, "#session-up", 1);
        client.Text("#session").ShouldBe("4");
    }

    /// <summary>All that is stored of the only session: revision, expiry, and each byte of each entry.</summary>
    private static async Task<string> BytesAsync(World world)
    {
        var (key, session) = await world.StoredAsync();
        var entries = session.Entries.OrderBy(entry => entry.Key.ToString(), StringComparer.Ordinal).Select(entry => $"{entry.Key}={Convert.ToHexString(entry.Value)}");
        return $"{key} {session.Revision} {session.ExpiresAt:O}\n{string.Join('\n', entries)}";
    }

    private static async Task<List<string>> KeysAsync(World world)
    {
        var keys = new List<string>();
        await foreach (var key in world.Store.ListAsync(CancellationToken.None))
        {
            keys.Add(key);
        }

        return [.. keys.Order(StringComparer.Ordinal)];
    }
}
