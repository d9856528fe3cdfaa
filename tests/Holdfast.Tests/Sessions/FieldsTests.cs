using Holdfast.Testing.Network;

namespace Holdfast.Tests.Sessions;

public class FieldsTests
{
    [Theory]
    [InlineData("#draft", "#add", false)]
    [InlineData("#live", "#add-live", true)]
    public async Task An_add_in_flight_at_the_kill_adds_the_text_that_was_typed(string field, string button, bool isInput)
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/draft");
        await TypeAsync("first");
        await client.ClickAsync(button);
        await client.AckedAsync();
        await TypeAsync("second");
        await client.AckedAsync();
        world.Proxy.Hold(Direction.ToServer);
        await client.ClickAsync(button);
        await world.CrashAsync();
        await client.ClosedAsync();
        await client.RejoinAsync();
        await client.AckedAsync();
        client.Page.FindAll("#items li").Select(item => item.TextContent).ShouldBe(["first", "second"]);

        async Task TypeAsync(string text) => _ = isInput ? await client.InputAsync(field, text) : await client.ChangeAsync(field, text);
    }

    [Theory]
    [InlineData("#draft", "#add", false)]
    [InlineData("#live", "#add-live", true)]
    public async Task What_was_typed_and_added_in_flight_at_the_kill_is_added_once(string field, string button, bool isInput)
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/draft");
        world.Proxy.Hold(Direction.ToServer);
        _ = isInput ? await client.InputAsync(field, "typed") : await client.ChangeAsync(field, "typed");
        await client.ClickAsync(button);
        await world.CrashAsync();
        await client.ClosedAsync();
        await client.RejoinAsync();
        await client.AckedAsync();
        client.Page.FindAll("#items li").Select(item => item.TextContent).ShouldBe(["typed"]);
    }

    [Fact]
    public async Task An_add_whose_ack_is_lost_at_the_kill_is_not_added_again()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/draft");
        await client.ChangeAsync("#draft", "once");
        await client.AckedAsync();
        world.Proxy.Hold(Direction.ToClient);
        await client.ClickAsync("#add");
        await Until.SoAsync(() => world.Store.Writes == 1);
        await world.CrashAsync();
        await client.ClosedAsync();
        await client.RejoinAsync();
        await client.AckedAsync();
        client.Page.FindAll("#items li").Select(item => item.TextContent).ShouldBe(["once"]);
    }

    [Fact]
    public async Task A_draft_that_no_event_told_of_is_told_at_the_join()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/draft");
        client.Page.Controls.Put(client.Page.Get("#live"), "typed before the join");
        await client.JoinAsync();
        await client.UntilTextAsync("#echo", "typed before the join");
    }

    [Fact]
    public async Task All_kinds_of_controls_come_back_as_the_user_left_them()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/fields");
        await client.ChangeAsync("#text", "a \"text\"");
        await client.ChangeAsync("#area", "two\nlines");
        await client.ChangeAsync("#check", true);
        await client.ChangeAsync("#number", "42");
        await client.ChangeAsync("#blue", true);
        await client.ChangeAsync("#size", "l");
        await client.ChangeAsync("#tags", (string[])["a", "c"]);
        await client.ChangeAsync("#unmarked", "only here");
        await client.ClickAsync("#send");
        await client.AckedAsync();
        const string Expected = "a \"text\"|two\nlines|True|42|blue|l|a,c|only here|1";
        await client.UntilTextAsync("#shown", Expected);
        await client.RejoinAsync();
        client.Text("#shown").ShouldBe(Expected);
        await world.CrashAsync();
        await client.RejoinAsync();
        await client.UntilTextAsync("#shown", Expected);
        await client.ReloadAsync();
        client.Text("#shown").ShouldBe(Expected.Replace("only here", "", StringComparison.Ordinal));
        (client.Value("#text"), client.Value("#area"), client.Value("#check"), client.Value("#size"), client.Value("#tags"))
            .ShouldBe(("a \"text\"", "two\nlines", "true", "l", "[\"a\",\"c\"]"));
        (await client.JoinAsync()).Html.ShouldBeNull();
    }

    [Fact]
    public async Task What_the_server_sets_is_what_the_controls_show()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/fields");
        await client.ClickAsync("#set");
        await client.AckedAsync();
        (client.Value("#text"), client.Value("#area"), client.Value("#check"), client.Value("#size"), client.Value("#tags"), client.Value("#blue"))
            .ShouldBe(("set", "set\narea", "true", "l", "[\"a\",\"c\"]", "true"));
        var shown = Shown.By(client);
        await client.ReloadAsync();
        Shown.By(client).ShouldBe(shown);
    }

    [Fact]
    public async Task A_settled_field_does_not_overwrite_what_another_tab_stored_since()
    {
        await using var world = await World.StartAsync();
        var one = await world.OpenAsync("/fields");
        await one.ChangeAsync("#text", "mine");
        await one.ChangeAsync("#unmarked", "draft");
        await one.AckedAsync();
        await one.DropAsync();
        var two = await world.OpenTabAsync(one);
        await two.ChangeAsync("#text", "theirs");
        await two.AckedAsync();
        await world.CrashAsync();
        await one.JoinAsync();
        await one.UntilAsync(it => it.Text("#shown").EndsWith("draft|0", StringComparison.Ordinal));
        one.Text("#shown").ShouldStartWith("theirs|");
        await one.ClickAsync("#send");
        await one.AckedAsync();
        one.Text("#shown").ShouldStartWith("theirs|");
        one.Value("#text").ShouldBe("theirs");
        await two.GetPageAsync("/fields");
        two.Text("#shown").ShouldStartWith("theirs|");
    }

    [Fact]
    public async Task What_was_typed_and_not_yet_told_wins_over_what_is_stored()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/fields");
        await client.ChangeAsync("#text", "old");
        await client.AckedAsync();
        await world.CrashAsync();
        await client.ClosedAsync();
        await client.ChangeAsync("#text", "new");
        await client.RejoinAsync();
        await client.AckedAsync();
        client.Text("#shown").ShouldStartWith("new|");
    }
}
