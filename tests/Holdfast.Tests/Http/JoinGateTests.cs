using System.Net;
using Holdfast.Testing.Time;

namespace Holdfast.Tests.Http;

public class JoinGateTests
{
    [Fact]
    public async Task A_page_that_wants_a_user_is_refused_to_visitors_and_given_to_users()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        (await client.GetPageAsync("/secret")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        await client.Http.GetAsync("/sign-in/ada");
        (await client.GetPageAsync("/secret")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await client.JoinAsync();
        client.Text("#user").ShouldBe("ada");
        await client.ClickAsync("#up");
        await client.AckedAsync();
    }

    [Fact]
    public async Task A_user_who_may_not_see_the_page_any_more_is_refused_at_the_join()
    {
        await using var world = new World();
        await world.StartNodeAsync();
        var client = world.Browser();
        await client.Http.GetAsync("/sign-in/admin");
        (await client.GetPageAsync("/admin")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await world.CrashAsync();
        var other = world.Browser();
        await other.Http.GetAsync("/sign-in/ada");
        (await other.GetPageAsync("/admin")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        // A ticket for a page that its user may open, used for a page that he may not, does not exist; what does is a user who lost his role. The
        // test's users have the role by name, so the gate is asked with a policy that changed: all pages want an admin now.
        await using var stricter = new World();
        var allows = true;
        await stricter.StartNodeAsync(configurePages: pages => Microsoft.AspNetCore.Builder.AuthorizationEndpointConventionBuilderExtensions.RequireAuthorization(
            pages, policy => policy.RequireAssertion(_ => allows)));
        var late = stricter.Browser();
        await late.Http.GetAsync("/sign-in/ada");
        (await late.GetPageAsync("/counter")).StatusCode.ShouldBe(HttpStatusCode.OK);
        allows = false;
        await late.ConnectAsync();
        await late.SendJoinAsync();
        (await late.ReceiveAsync<ErrorFrame>()).Code.ShouldBe("forbidden");
        (await late.ClosedAsync()).ShouldBe(4003);
    }

    [Fact]
    public async Task A_forged_ticket_is_refused()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/counter");
        foreach (var forged in (string[])["forged", "", client.Ticket![..^4] + "AAAA", "AAAA" + client.Ticket[4..], new string('A', 10_000)])
        {
            await RefusedAsync(client, forged);
        }
    }

    [Fact]
    public async Task An_expired_ticket_is_refused_and_a_fresh_one_taken()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock };
        await world.StartNodeAsync();
        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        await client.DropAsync();
        clock.Advance(TimeSpan.FromHours(23));
        await client.JoinAsync();
        await client.DropAsync();
        clock.Advance(TimeSpan.FromHours(2));
        await RefusedAsync(client);
        var fresh = world.Tab(client);
        await fresh.GetPageAsync("/counter");
        client.Ticket = fresh.Ticket;
        await client.JoinAsync();
        client.Text("#count").ShouldBe("1");
    }

    [Fact]
    public async Task The_ticket_of_another_browser_is_refused()
    {
        await using var world = await World.StartAsync();
        var ada = world.Browser();
        await ada.GetPageAsync("/counter");
        var eve = world.Browser();
        await eve.GetPageAsync("/counter");
        await RefusedAsync(eve, ada.Ticket);
        var bare = world.Browser();
        await bare.GetPageAsync("/plain");
        await RefusedAsync(bare, ada.Ticket);
    }

    [Fact]
    public async Task The_ticket_of_another_user_is_refused()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.Http.GetAsync("/sign-in/ada");
        await client.GetPageAsync("/secret");
        await client.Http.GetAsync("/sign-in/eve");
        await RefusedAsync(client);
        await client.Http.GetAsync("/sign-out");
        await RefusedAsync(client);
    }

    [Fact]
    public async Task A_ticket_opens_the_page_that_it_was_made_for_and_no_other()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/scopes");
        var ticket = client.Ticket;
        await client.GetPageAsync("/counter");
        client.Ticket = ticket;
        (await client.JoinAsync()).Html.ShouldNotBeNull();
        client.Shows("#reconnect").ShouldBeTrue();
    }

    [Fact]
    public async Task Another_site_gets_no_socket()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/counter");
        foreach (var origin in (string[])["http://evil.example", "null", "https://127.0.0.1:" + world.Proxy.Port, "http://127.0.0.1"])
        {
            client.Origin = origin;
            (await Should.ThrowAsync<SocketRefusedException>(() => client.ConnectAsync())).Status.ShouldBe(HttpStatusCode.Forbidden);
        }

        client.Origin = null;
        await client.JoinAsync();
    }

    private static async Task RefusedAsync(ProtocolClient client, string? ticket = null)
    {
        client.Ticket = ticket ?? client.Ticket;
        await client.ConnectAsync();
        await client.SendJoinAsync();
        (await client.ReceiveAsync<ErrorFrame>()).Code.ShouldBe("ticket");
        (await client.ClosedAsync()).ShouldBe(4001);
    }
}
