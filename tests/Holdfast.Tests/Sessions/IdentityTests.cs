using System.Net;
using Holdfast.Http;
using Holdfast.Protocol;
using Holdfast.Sessions;
using Holdfast.State;
using Holdfast.Stores;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Tests.Sessions;

/// <summary>Whose a session is: sign-in, sign-out, several users of one browser, deleting; and how records are named.</summary>
public class IdentityTests
{
    private readonly LocalNotifier _shared = new();

    private const string NewKey = "YW5vdGhlciBzdG9yYWdlIGtleSBvZiB0aGUgdGVzdHMhISE=";

    [Fact]
    public async Task A_visitor_who_signs_in_keeps_the_state_and_the_other_tabs_come_along()
    {
        await using var world = await World.StartAsync();
        var client = await CountedAsync(world, 3);
        var other = await world.OpenTabAsync(client);

        await SignInAsync(world, client, "ada");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("3");
        (await other.ClosedAsync()).ShouldBe(CloseCode.Ticket);
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();

        await other.ReloadAsync(); // As the script does, in the background.
        (await other.JoinAsync()).Found.ShouldBe("restored");
        other.Text("#count").ShouldBe("4");
        (await world.RecordsAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Cookies_of_before_a_sign_in_are_dead()
    {
        await using var world = await World.StartAsync();
        var client = await CountedAsync(world, 3);
        var planted = new CookieContainer();
        planted.Add(client.Cookies.GetCookies(world.Address));
        var ticket = client.Ticket;
        await SignInAsync(world, client, "ada");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("3");

        var thief = world.Browser(options => options with { Cookies = planted });
        await thief.GetPageAsync("/counter");
        thief.Text("#count").ShouldBe("0");
        thief.Ticket = ticket;
        await thief.ConnectAsync();
        await thief.SendJoinAsync();
        (await thief.ClosedAsync()).ShouldBe(CloseCode.Ticket);
        await SignInAsync(world, thief, "eve");
        await thief.ReloadAsync();
        thief.Text("#count").ShouldBe("0");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Signing_out_deletes_the_browsers_state_and_its_tabs_on_every_node_load_anew(bool hasNotifier)
    {
        await using var world = new World();
        Action<IServiceCollection>? share = hasNotifier ? services => services.AddSingleton<ISessionNotifier>(_shared) : null;
        var first = await world.StartNodeAsync(configureServices: share);
        var client = await CountedAsync(world, 2, "ada");
        await world.StartNodeAsync(configureServices: share);
        var other = await world.OpenTabAsync(client);
        other.Text("#count").ShouldBe("2");

        await GetAsync(world, other, "/sign-out");
        (await other.ClosedAsync()).ShouldBe(CloseCode.Forbidden);
        if (!hasNotifier)
        {
            await first.Sessions.LookAsync(); // Every 5 minutes.
        }

        (await client.ClosedAsync()).ShouldBe(CloseCode.Forbidden);
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("0");
        await SignInAsync(world, client, "ada");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("0");
        await ShouldBeEmptyAsync(world);
    }

    [Fact]
    public async Task Another_user_of_the_browser_sees_nothing_of_the_one_before_and_nor_does_a_visitor()
    {
        await using var world = await World.StartAsync();
        var client = await CountedAsync(world, 5, "ada");
        await GetAsync(world, client, "/lapse");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("0");
        await SignInAsync(world, client, "bob");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("0");
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();

        await SignInAsync(world, client, "ada");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("0");
    }

    [Fact]
    public async Task A_request_without_the_authentication_cookie_costs_the_user_nothing()
    {
        await using var world = await World.StartAsync();
        var client = await CountedAsync(world, 5, "ada");
        await GetAsync(world, client, "/lapse"); // As a link from another site, where that cookie is SameSite=Strict.
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("0");
        await SignInAsync(world, client, "ada");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("5");
    }

    [Fact]
    public async Task What_a_visitor_did_is_laid_over_what_the_user_had_in_this_browser()
    {
        await using var world = await World.StartAsync();
        var client = await CountedAsync(world, 5, "ada");
        await GetAsync(world, client, "/lapse");
        await client.GetPageAsync("/scopes");
        await client.JoinAsync();
        await client.ClickAsync("#all");
        await client.AckedAsync();

        await SignInAsync(world, client, "ada");
        await client.ReloadAsync();
        await client.JoinAsync();
        (client.Text("#session"), client.Text("#tab")).ShouldBe(("1", "1"));
        var other = await world.OpenTabAsync(client, "/counter");
        other.Text("#count").ShouldBe("5");
        await GetAsync(world, client, "/lapse");
        other = world.Tab(client);
        await other.GetPageAsync("/scopes");
        other.Text("#session").ShouldBe("0"); // It is the visitor's no longer.
    }

    [Fact]
    public async Task What_a_visitor_did_is_the_users_where_the_user_had_a_cookie_and_no_state()
    {
        await using var world = await World.StartAsync();
        var client = await CountedAsync(world, 0, "ada");
        await GetAsync(world, client, "/lapse");
        await client.ReloadAsync();
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();

        for (var again = 0; again < 2; again++)
        {
            await SignInAsync(world, client, "ada");
            await client.ReloadAsync();
            client.Text("#count").ShouldBe("1");
            await GetAsync(world, client, "/lapse");
        }
    }

    [Fact]
    public async Task A_visitors_state_can_still_be_carried_over_after_the_store_did_not_answer_in_time()
    {
        await using var world = await World.StartAsync("--Holdfast:ReadTimeout=00:00:00.2");
        world.ExpectsErrors = true;
        var client = await CountedAsync(world, 5, "ada");
        var own = (await world.RecordsAsync()).ShouldHaveSingleItem();
        await GetAsync(world, client, "/lapse");
        await client.ReloadAsync();
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();
        await client.DropAsync();
        await SignInAsync(world, client, "ada");

        var node = await world.StartNodeAsync(); // Where nothing else is in use.
        world.Store.HoldWrites(own);
        await GetAsync(world, client, "/counter");
        client.Cookies.GetAllCookies().Count(cookie => cookie.Name.StartsWith("hf-", StringComparison.Ordinal)).ShouldBe(2);
        world.Store.ReleaseWrites();
        await Until.SoAsync(() => node.Sessions.Count == 0);

        await client.ReloadAsync();
        client.Text("#count").ShouldBe("1");
        client.Cookies.GetAllCookies().Count(cookie => cookie.Name.StartsWith("hf-", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public async Task A_sign_in_that_the_store_does_not_answer_keeps_no_session_in_use()
    {
        await using var world = await World.StartAsync("--Holdfast:ReadTimeout=00:00:00.2");
        world.ExpectsErrors = true;
        var client = await CountedAsync(world, 5, "ada");
        var own = (await world.RecordsAsync()).ShouldHaveSingleItem();
        await GetAsync(world, client, "/lapse");
        await client.ReloadAsync();
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();
        await SignInAsync(world, client, "ada");

        var node = await world.StartNodeAsync();
        world.Store.HoldWrites((await world.RecordsAsync()).Single(record => record != own));
        await GetAsync(world, client, "/counter");
        world.Store.ReleaseWrites();
        await Until.SoAsync(() => node.Sessions.Count == 0);
    }

    [Fact]
    public async Task A_user_is_signed_out_at_once_where_the_store_does_not_answer_and_the_state_goes_when_it_does()
    {
        await using var world = await World.StartAsync("--Holdfast:ReadTimeout=00:00:00.2");
        world.ExpectsErrors = true;
        var client = await CountedAsync(world, 3, "ada");
        world.Store.HoldWrites();
        await GetAsync(world, client, "/sign-out").WaitAsync(TimeSpan.FromSeconds(10));
        client.Cookies.GetAllCookies().ShouldBeEmpty();
        world.Store.ReleaseWrites();
        await Until.SoAsync(() => world.Node.Sessions.Count == 0);
        await ShouldBeEmptyAsync(world);
    }

    [Fact]
    public async Task A_users_view_is_the_same_in_every_browser_and_outlives_the_sign_out()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        (await client.GetPageAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        await SignInAsync(world, client, "ada");
        await client.GetPageAsync("/account");
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.ClickAsync("#write");
        await client.AckedAsync();

        var elsewhere = world.Browser();
        await SignInAsync(world, elsewhere, "ada");
        await elsewhere.GetPageAsync("/account");
        await elsewhere.JoinAsync();
        (elsewhere.Text("#count"), elsewhere.Text("#draft")).ShouldBe(("1", ""));
        await elsewhere.ClickAsync("#up");
        await elsewhere.AckedAsync();

        await GetAsync(world, client, "/sign-out");
        (await client.ClosedAsync()).ShouldBe(CloseCode.Forbidden); // Its own browser's tab; the other goes on.
        await elsewhere.ClickAsync("#up");
        await elsewhere.AckedAsync();
        await SignInAsync(world, client, "bob");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("0");
        await SignInAsync(world, client, "ada");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("3");
    }

    [Fact]
    public async Task A_waiting_users_page_of_before_a_sign_out_is_not_taken_up_after_it()
    {
        await using var world = new World();
        var first = await world.StartNodeAsync();
        var client = world.Browser();
        await SignInAsync(world, client, "ada");
        await client.GetPageAsync("/account");
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();
        await client.DropAsync();

        await world.StartNodeAsync(); // The first hears nothing of what happens here.
        await GetAsync(world, client, "/sign-out");
        await SignInAsync(world, client, "ada");
        var fresh = world.Tab(client);
        await fresh.GetPageAsync("/account");
        client.Ticket = fresh.Ticket;
        world.Proxy.TargetPort = first.Port;
        var known = client.Joined!.Instance;
        var joined = await client.JoinAsync();
        joined.Instance.ShouldNotBe(known);
        client.Text("#count").ShouldBe("1");
    }

    [Fact]
    public async Task A_users_state_lives_ninety_days_and_a_browsers_one()
    {
        var clock = new Holdfast.Testing.Time.FakeTimeProvider();
        await using var world = new World { Time = clock, Store = new(new MemorySessionStore(clock)) };
        await world.StartNodeAsync();
        var client = await CountedAsync(world, 1, "ada");
        await client.LeaveAsync();
        await client.GetPageAsync("/account");
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();
        await client.LeaveAsync();

        clock.Advance(TimeSpan.FromDays(89));
        var later = world.Browser();
        await SignInAsync(world, later, "ada");
        await later.GetPageAsync("/account");
        later.Text("#count").ShouldBe("1");
        await later.GetPageAsync("/counter");
        later.Text("#count").ShouldBe("0");
        clock.Advance(TimeSpan.FromDays(2));
        await later.GetPageAsync("/account");
        later.Text("#count").ShouldBe("0");
    }

    [Fact]
    public async Task Deleting_a_user_leaves_nothing_of_the_user_and_open_tabs_write_nothing_back()
    {
        await using var world = await World.StartAsync();
        var client = await CountedAsync(world, 5, "ada");
        var account = await world.OpenTabAsync(client, "/account");
        await account.ClickAsync("#up");
        await account.AckedAsync();
        var bob = await CountedAsync(world, 4, "bob");

        (await LiveSessions(world).DeleteUserAsync("ada")).ShouldBe(2);
        (await client.ClosedAsync()).ShouldBe(CloseCode.Forbidden);
        (await account.ClosedAsync()).ShouldBeOneOf(CloseCode.Ticket, CloseCode.Forbidden);
        await account.ReloadAsync();
        await account.JoinAsync();
        account.Text("#count").ShouldBe("0");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("0");
        await bob.ClickAsync("#up");
        await bob.AckedAsync();
        bob.Text("#count").ShouldBe("5");
        (await LiveSessions(world).DeleteUserAsync("nobody")).ShouldBe(0);
    }

    [Fact]
    public async Task Deleting_a_browsers_session_resets_its_open_tabs()
    {
        await using var world = await World.StartAsync();
        var client = await CountedAsync(world, 5);
        await GetAsync(world, client, "/forget");
        (await client.ClosedAsync()).ShouldBe(CloseCode.Ticket);
        await client.ReloadAsync();
        (await client.JoinAsync()).Html.ShouldBeNull();
        client.Text("#count").ShouldBe("0");
        await ShouldBeEmptyAsync(world);
    }

    [Fact]
    public async Task Storage_keys_are_rotated_in_two_deploys_and_nothing_is_lost()
    {
        await using var world = new World { StorageKeys = [] };
        string[] old = ["--Holdfast:StorageKeys:0=" + World.StorageKey], both = [old[0], "--Holdfast:StorageKeys:1=" + NewKey];
        string[] rotated = ["--Holdfast:StorageKeys:0=" + NewKey, "--Holdfast:StorageKeys:1=" + World.StorageKey], retired = ["--Holdfast:StorageKeys:0=" + NewKey];
        await world.StartNodeAsync(old);
        var client = await CountedAsync(world, 5, "ada");
        var account = await world.OpenTabAsync(client, "/account");
        await account.ClickAsync("#up");
        await account.AckedAsync();
        foreach (var keys in (string[][])[both, rotated])
        {
            await world.CrashAsync(keys);
            await client.ReloadAsync();
            client.Text("#count").ShouldBe("5");
            await account.ReloadAsync();
            account.Text("#count").ShouldBe("1");
        }

        var late = await CountedAsync(world, 1, "bob");
        await world.CrashAsync(retired);
        await late.ReloadAsync();
        late.Text("#count").ShouldBe("1");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("0"); // Its key is gone, and with it the way to the record.
    }

    [Fact]
    public async Task Without_storage_keys_the_nodes_share_one_through_the_store_and_no_name_says_whose_it_is()
    {
        await using var world = new World { StorageKeys = [] };
        await world.StartNodeAsync();
        var client = await CountedAsync(world, 2, "ada");
        await world.CrashAsync();
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("2");
        var record = (await world.RecordsAsync()).ShouldHaveSingleItem();
        record.ShouldStartWith("anon:");
        var stored = (await world.Store.ReadAsync(record, 0, CancellationToken.None)).Session!;
        stored.Entries.SelectMany(entry => entry.Value).ToArray().AsSpan().IndexOf("ada"u8).ShouldBe(-1);
    }

    [Fact]
    public async Task A_record_whose_owner_cannot_be_read_is_nobodys()
    {
        await using var world = await World.StartAsync();
        var client = await CountedAsync(world, 2, "ada");
        await client.LeaveAsync();
        await world.CrashAsync();
        var record = (await world.RecordsAsync()).ShouldHaveSingleItem();
        var stored = (await world.Store.ReadAsync(record, 0, CancellationToken.None)).Session!;
        await world.Store.WriteAsync(record, new SessionWrite(stored.Revision, stored.ExpiresAt, [new EntryChange(RecordOwner.Entry, "[]"u8.ToArray())]), CancellationToken.None);
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("0");
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();
    }

    [Fact]
    public void State_of_a_user_needs_authorize_and_stands_on_the_class()
    {
        Should.Throw<InvalidOperationException>(() => new PageCatalog().Discover(typeof(object), [new Types(typeof(OfAnybody))])).Message.ShouldContain("[Authorize]");
        Should.Throw<InvalidOperationException>(() => PersistedView.Of(typeof(OfAMember))).Message.ShouldContain("on the class");
    }

    [Theory]
    [InlineData("c2hvcnQ=")]
    [InlineData("not Base64")]
    public async Task A_storage_key_that_is_none_stops_the_start(string key)
    {
        await using var world = new World { StorageKeys = [key] };
        (await Should.ThrowAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => world.StartNodeAsync())).Message.ShouldContain("Holdfast:StorageKeys:0");
    }

    [Route("/of-anybody")]
    [Persist(Scope.User)]
    private sealed class OfAnybody : LiveView
    {
        public int Count { get; set; }
    }

    private sealed class OfAMember : LiveView
    {
        [Persist(Scope.User)]
        public int Count { get; set; }
    }

    private static ILiveSessions LiveSessions(World world) => world.Node.Services.GetRequiredService<ILiveSessions>();

    /// <summary>A browser whose counter was clicked so often.</summary>
    private static async Task<ProtocolClient> CountedAsync(World world, int count, string? user = null)
    {
        var client = world.Browser();
        if (user is not null)
        {
            await SignInAsync(world, client, user);
        }

        await client.GetPageAsync("/counter");
        await client.JoinAsync();
        for (var i = 0; i < count; i++)
        {
            await client.ClickAsync("#up");
        }

        await client.AckedAsync();
        return client;
    }

    private static Task SignInAsync(World world, ProtocolClient client, string user) => GetAsync(world, client, "/sign-in/" + user);

    private static async Task GetAsync(World world, ProtocolClient client, string url)
    {
        using var http = new HttpClient(new SocketsHttpHandler { CookieContainer = client.Cookies }) { BaseAddress = world.Address };
        (await http.GetAsync(url)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>What is left of deleted records says only that claims to them are dead.</summary>
    private static async Task ShouldBeEmptyAsync(World world)
    {
        foreach (var record in await world.RecordsAsync())
        {
            var stored = (await world.Store.ReadAsync(record, 0, CancellationToken.None)).Session!;
            stored.Entries.Keys.ShouldBe([RecordOwner.Entry]);
        }
    }
}
