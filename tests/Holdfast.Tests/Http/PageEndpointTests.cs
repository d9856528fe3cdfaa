using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Tests.Http;

public class PageEndpointTests
{
    [Fact]
    public async Task A_get_writes_nothing()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        for (var i = 0; i < 3; i++)
        {
            (await client.GetPageAsync("/counter")).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        world.Store.Reads.ShouldBeGreaterThan(0);
        world.Store.Writes.ShouldBe(0);
        world.Node.Sessions.Count.ShouldBe(0);
    }

    [Fact]
    public async Task A_view_without_persisted_members_sets_no_cookie_and_never_touches_the_store()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        var response = await client.GetPageAsync("/plain");
        response.Headers.Contains("Set-Cookie").ShouldBeFalse();
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();
        client.Text("#count").ShouldBe("1");
        await client.RejoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();
        client.Text("#count").ShouldBe("2");
        await client.LeaveAsync();
        (world.Store.Reads, world.Store.Writes).ShouldBe((0, 0));
        client.Cookies.Count.ShouldBe(0);
    }

    [Fact]
    public async Task A_join_that_changes_nothing_and_an_event_that_changes_nothing_write_nothing()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/steps");
        await client.ClickAsync("#go");
        await world.Node.Signals.ReachedAsync("step-1");
        world.Store.Writes.ShouldBe(0);
    }

    [Fact]
    public async Task A_head_has_the_headers_of_the_get_and_no_body()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        var get = await client.Http.GetAsync("/plain");
        var head = await client.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/plain"));
        head.StatusCode.ShouldBe(HttpStatusCode.OK);
        head.Content.Headers.ContentType.ShouldBe(get.Content.Headers.ContentType);
        head.Content.Headers.ContentLength.ShouldNotBeNull();
        (await head.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("/plain")]
    [InlineData("/counter")]
    public async Task A_page_is_private_to_its_browser(string url)
    {
        await using var world = await World.StartAsync();
        var response = await world.Browser().GetPageAsync(url);
        response.Headers.CacheControl!.ToString().ShouldBe("no-cache, private");
        response.Headers.Vary.ShouldContain("Cookie");
        response.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
    }

    [Fact]
    public async Task A_cookie_that_we_did_not_issue_is_replaced()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/counter");
        var name = client.Cookies.GetAllCookies().Single().Name;
        var forged = world.Browser();
        forged.Cookies.Add(new Cookie(name, "Zm9yZ2Vk", "/", "127.0.0.1"));
        (await forged.GetPageAsync("/counter")).Headers.Contains("Set-Cookie").ShouldBeTrue();
        forged.Cookies.GetAllCookies().Single().Value.ShouldNotBe("Zm9yZ2Vk");
    }

    [Fact]
    public async Task The_cookie_is_kept_from_scripts_and_other_sites()
    {
        await using var world = await World.StartAsync();
        var cookie = (await world.Browser().GetPageAsync("/counter")).Headers.GetValues("Set-Cookie").Single().ToLowerInvariant();
        cookie.ShouldContain("httponly");
        cookie.ShouldContain("samesite=lax");
        cookie.ShouldContain("max-age=86400");
        cookie.ShouldContain("path=/");
    }

    [Fact]
    public async Task Route_and_query_parameters_reach_the_page_at_the_get_and_at_the_join()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/items/5?filter=a%20%26%20b&p=3");
        var atGet = Shown.By(client);
        (client.Text("#id"), client.Text("#filter"), client.Text("#page")).ShouldBe(("5", "a & b", "3"));
        var joined = await client.JoinAsync();
        joined.Html.ShouldBeNull();
        Shown.By(client).ShouldBe(atGet);
    }

    [Fact]
    public async Task Of_two_routes_of_one_page_the_one_of_the_get_is_the_one_of_the_join()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/items/some%20name");
        client.Text("#name").ShouldBe("some name");
        (await client.JoinAsync()).Html.ShouldBeNull();
        await client.ClickAsync("#up");
        await client.AckedAsync();
        await client.GetPageAsync("/items/some%20name");
        client.Text("#count").ShouldBe("1");
    }

    [Fact]
    public async Task Other_route_values_have_a_slice_of_their_own_and_another_query_has_not()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/items/1");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        await client.GetPageAsync("/items/2");
        client.Text("#count").ShouldBe("0");
        await client.GetPageAsync("/items/1?filter=x");
        client.Text("#count").ShouldBe("1");
    }

    [Fact]
    public async Task A_page_with_a_long_query_can_be_joined()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/items/1?filter=" + string.Concat(Enumerable.Repeat("%26", 1500)));
        client.Text("#filter").Length.ShouldBe(1500);
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "1");
    }

    [Fact]
    public async Task Conventions_and_filters_of_the_mapped_pages_apply()
    {
        await using var world = new World();
        await world.StartNodeAsync(configurePages: pages => pages
            .AddEndpointFilter(async (context, next) =>
            {
                context.HttpContext.Response.Headers["X-Filter"] = "was here";
                return await next(context);
            })
            .WithDisplayName("of the test"));
        var response = await world.Browser().GetPageAsync("/plain");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Headers.GetValues("X-Filter").ShouldBe(["was here"]);
    }

    [Fact]
    public async Task Authorization_that_is_required_of_all_pages_holds_at_the_get_and_at_the_join()
    {
        await using var world = new World();
        await world.StartNodeAsync(configurePages: pages => pages.RequireAuthorization());
        var client = world.Browser();
        (await client.GetPageAsync("/plain")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        await client.Http.GetAsync("/sign-in/ada");
        (await client.GetPageAsync("/plain")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await client.JoinAsync();
    }
}
