using Holdfast.Protocol;
namespace Holdfast.Tests.Sessions;

/// <summary>The table "What survives what".</summary>
public class ScopeTests
{
    private static (string Session, string Tab, string Reconnect, string Unmarked) Of(ProtocolClient client) =>
        (client.Text("#session"), client.Text("#tab"), client.Text("#reconnect"), client.Text("#unmarked"));

    private static async Task<(World World, ProtocolClient Client)> UsedAsync()
    {
        var world = await World.StartAsync();
        var client = await world.OpenAsync("/scopes");
        await client.ClickAsync("#all");
        await client.AckedAsync();
        return (world, client);
    }

    [Fact]
    public async Task A_lost_socket_keeps_everything()
    {
        var (world, client) = await UsedAsync();
        await using var _ = world;
        await client.RejoinAsync();
        Of(client).ShouldBe(("1", "1", "1", "1"));
    }

    [Fact]
    public async Task A_killed_server_restores_all_scopes()
    {
        var (world, client) = await UsedAsync();
        await using var _ = world;
        await world.CrashAsync();
        await client.RejoinAsync();
        Of(client).ShouldBe(("1", "1", "1", "0"));
    }

    [Theory]
    [InlineData("reload")]
    [InlineData("back_forward")]
    public async Task A_reload_restores_all_scopes(string navigation)
    {
        var (world, client) = await UsedAsync();
        await using var _ = world;
        await client.ReloadAsync();
        client.Navigation = navigation;
        Of(client).ShouldBe(("1", "0", "0", "0")); // The GET knows no tab.
        await client.JoinAsync();
        Of(client).ShouldBe(("1", "1", "1", "0"));
    }

    [Fact]
    public async Task Opening_the_page_anew_in_the_tab_clears_reconnect_members_only()
    {
        var (world, client) = await UsedAsync();
        await using var _ = world;
        await client.GetPageAsync("/counter");
        await client.JoinAsync();
        await client.GetPageAsync("/scopes");
        await client.JoinAsync();
        Of(client).ShouldBe(("1", "1", "0", "0"));

        // And for good: a reload does not bring them back.
        await client.ReloadAsync();
        await client.JoinAsync();
        Of(client).ShouldBe(("1", "1", "0", "0"));
        await world.CrashAsync();
        await client.RejoinAsync();
        Of(client).ShouldBe(("1", "1", "0", "0"));
    }

    [Fact]
    public async Task A_second_tab_has_tab_members_of_its_own_and_leaves_the_first_ones_drafts()
    {
        var (world, client) = await UsedAsync();
        await using var _ = world;
        var other = await world.OpenTabAsync(client);
        Of(other).ShouldBe(("1", "0", "0", "0"));
        await other.ClickAsync("#all");
        await other.ClickAsync("#all");
        await other.AckedAsync();
        Of(other).ShouldBe(("3", "2", "2", "2"));
        await world.CrashAsync();
        await client.RejoinAsync();
        await other.RejoinAsync();
        Of(client).ShouldBe(("3", "1", "1", "0"));
        Of(other).ShouldBe(("3", "2", "2", "0"));
    }

    [Fact]
    public async Task Another_browser_sees_nothing_of_it()
    {
        var (world, _) = await UsedAsync();
        await using var owner = world;
        Of(await world.OpenAsync("/scopes")).ShouldBe(("0", "0", "0", "0"));
    }

    [Fact]
    public async Task Cleared_cookies_lose_everything()
    {
        var (world, client) = await UsedAsync();
        await using var _ = world;
        var cleared = world.Browser(options => options with { Tab = client.Tab });
        await cleared.GetPageAsync("/scopes");
        await cleared.JoinAsync();
        Of(cleared).ShouldBe(("0", "0", "0", "0"));
    }

    [Fact]
    public async Task A_session_past_its_lifetime_is_gone_and_says_so()
    {
        var clock = new Holdfast.Testing.Time.FakeTimeProvider();
        await using var world = new World { Time = clock, Store = new(new Holdfast.Stores.MemorySessionStore(clock)), Arguments = ["--Holdfast:TicketLifetime=30.00:00:00"] };
        await world.StartNodeAsync();
        var client = await world.OpenAsync("/scopes");
        await client.ClickAsync("#all");
        await client.AckedAsync();
        await client.DropAsync();
        await world.CrashAsync();
        clock.Advance(TimeSpan.FromHours(25));
        var joined = await client.JoinAsync();
        joined.Found.ShouldBe("notfound");
        Of(client).ShouldBe(("0", "0", "0", "0"));
    }

    [Fact]
    public async Task An_open_page_keeps_its_session_its_ticket_and_its_cookie_alive()
    {
        var clock = new Holdfast.Testing.Time.FakeTimeProvider();
        await using var world = new World { Time = clock, Store = new(new Holdfast.Stores.MemorySessionStore(clock)), Arguments = ["--Holdfast:GraceTime=1.00:00:00", "--Holdfast:DeadAfter=30.00:00:00", "--Holdfast:SweepInterval=30.00:00:00"] };
        await world.StartNodeAsync();
        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        var renewed = 0;
        for (var i = 0; i < 6; i++)
        {
            clock.Advance(TimeSpan.FromHours(8));
            if (await IsSentForAnotherTicketAsync(client))
            {
                renewed++;
                var fetched = world.Tab(client); // As the script does, in the background.
                (await fetched.GetPageAsync("/counter")).Headers.GetValues("Set-Cookie").ShouldHaveSingleItem().ShouldContain("max-age=86400");
                client.Ticket = fetched.Ticket;
                (await client.JoinAsync()).Found.ShouldBe("recovered");
            }
        }

        renewed.ShouldBe(3);
        var fresh = world.Tab(client);
        await fresh.GetPageAsync("/counter");
        fresh.Text("#count").ShouldBe("1");

        static async Task<bool> IsSentForAnotherTicketAsync(ProtocolClient client)
        {
            try
            {
                await client.PingAsync();
                return false;
            }
            catch (Exception)
            {
                (await client.ClosedAsync()).ShouldBe(CloseCode.Ticket);
                return true;
            }
        }
    }
}
