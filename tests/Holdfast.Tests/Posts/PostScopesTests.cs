using System.Net;
using Holdfast.Testing.Time;

namespace Holdfast.Tests.Posts;

/// <summary>Tab and Reconnect members of a page without script: they travel in the form.</summary>
public class PostScopesTests
{
    [Fact]
    public async Task Tab_and_reconnect_members_survive_the_redirect_and_travel_on()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/scopes");
        await client.PressAsync("#all");
        Shows(client, "1 1 1 0");
        await client.PressAsync("#tab-up");
        Shows(client, "1 2 1 0");
        await world.CrashAsync();
        await client.PressAsync("#reconnect-up");
        Shows(client, "1 2 2 0");
    }

    [Fact]
    public async Task Each_tab_has_its_own()
    {
        await using var world = await World.StartAsync();
        var first = await world.OpenFormAsync("/scopes");
        var second = await world.OpenFormAsync("/scopes", first.Cookies);
        await first.PressAsync("#all");
        await second.PressAsync("#all");
        await second.PressAsync("#tab-up");
        await first.PressAsync("#session-up");
        Shows(first, "3 1 1 0");
        Shows(second, "2 2 1 0");
    }

    [Fact]
    public async Task A_fresh_visit_finds_neither()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/scopes");
        await client.PressAsync("#all");
        client.Address.Query.ShouldStartWith("?holdfast-post=");
        await client.OpenAsync("/scopes");
        Shows(client, "1 0 0 0");
    }

    [Fact]
    public async Task The_token_of_the_redirect_is_good_for_a_minute()
    {
        var time = new FakeTimeProvider();
        await using var world = new World { Time = time };
        await world.StartNodeAsync();
        var client = await world.OpenFormAsync("/scopes");
        await client.PressAsync("#all");
        var address = client.Address.PathAndQuery;
        time.Advance(TimeSpan.FromSeconds(59));
        await client.OpenAsync(address);
        Shows(client, "1 1 1 0");
        time.Advance(TimeSpan.FromSeconds(2));
        await client.OpenAsync(address);
        Shows(client, "1 0 0 0");
    }

    [Fact]
    public async Task The_next_write_drops_what_the_redirect_carried()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/scopes");
        await client.PressAsync("#all");
        var address = client.Address.PathAndQuery;
        var other = await world.OpenFormAsync("/scopes", client.Cookies);
        await other.PressAsync("#session-up");
        await client.OpenAsync(address);
        Shows(client, "2 0 0 0");
        await world.CrashAsync(); // Nor does the store have it.
        await client.OpenAsync(address);
        Shows(client, "2 0 0 0");
    }

    [Fact]
    public async Task Nobody_else_gets_what_the_redirect_carried()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/scopes");
        await client.PressAsync("#all");
        var stranger = await world.OpenFormAsync(client.Address.PathAndQuery);
        Shows(stranger, "0 0 0 0");
    }

    [Fact]
    public async Task A_tab_that_the_script_names_has_what_is_stored_for_it()
    {
        await using var world = await World.StartAsync();
        var live = await world.OpenAsync("/scopes");
        await live.ClickAsync("#all");
        await live.AckedAsync();
        var client = await world.OpenFormAsync("/scopes", live.Cookies);
        Shows(client, "1 0 0 0");
        await client.PostAsync([.. client.FieldsOf("#tab-up"), KeyValuePair.Create("holdfast-tab", live.Tab)]);
        Shows(client, "1 2 1 0");
    }

    [Fact]
    public async Task An_invalid_form_carries_them_too()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/letter");
        client.Fill("#to", "Ada");
        await client.PressAsync("#send");
        client.Text("#step").ShouldBe("1"); // Raised by the invalid submit, in this tab only.
        await client.PressAsync("#send");
        client.Text("#step").ShouldBe("2");
        client.Fill("#body", "Hello");
        await client.PressAsync("#send");
        client.Text("#sent").ShouldBe("Ada:Hello:False:thin");
        client.Text("#step").ShouldBe("2");
    }

    [Fact]
    public async Task What_is_carried_is_unreadable()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/scopes");
        await client.PressAsync("#all");
        client.Content.ShouldNotContain("OfTab");
    }

    private static void Shows(FormClient client, string expected)
    {
        client.Status.ShouldBe(HttpStatusCode.OK);
        $"{client.Text("#session")} {client.Text("#tab")} {client.Text("#reconnect")} {client.Text("#unmarked")}".ShouldBe(expected);
    }
}
