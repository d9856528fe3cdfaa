namespace Holdfast.Tests.State;

public class ViewStateTests
{
    [Fact]
    public async Task A_list_that_is_changed_in_place_is_noticed()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/state");
        await client.ClickAsync("#append");
        await client.ClickAsync("#append");
        await client.AckedAsync();
        client.Page.FindAll("#items li").Select(item => item.TextContent).ShouldBe(["item 0", "item 1"]);
        await client.DropAsync();
        await world.CrashAsync();
        await client.JoinAsync();
        client.Page.FindAll("#items li").Select(item => item.TextContent).ShouldBe(["item 0", "item 1"]);
        var fresh = world.Tab(client);
        await fresh.GetPageAsync("/state");
        fresh.Page.FindAll("#items li").Select(item => item.TextContent).ShouldBe(["item 0", "item 1"]);
    }

    [Theory]
    [InlineData("#make-odd", "state")]
    [InlineData("#make-big", "limit")]
    public async Task A_value_that_cannot_be_stored_fails_visibly_and_changes_nothing(string button, string code)
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/state");
        await client.ClickAsync("#append");
        await client.AckedAsync();
        var (writes, shown) = (world.Store.Writes, Shown.By(client));
        await client.ClickAsync(button);
        await client.AckedAsync();
        var error = client.Errors.ShouldHaveSingleItem();
        (error.Code, error.Ref).ShouldBe((code, 2));
        error.Message.ShouldContain("State.");
        world.Store.Writes.ShouldBe(writes);
        Shown.By(client).ShouldBe(shown);
        await client.ClickAsync("#append");
        await client.UntilTextAsync("#count", "2");
        await client.AckedAsync();
    }

    [Fact]
    public async Task A_value_that_can_be_written_but_not_read_back_does_not_stop_the_page()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/state");
        await client.ClickAsync("#append");
        await client.ClickAsync("#make-shape");
        await client.AckedAsync();
        await client.ClickAsync("#make-odd"); // Putting things back needs to read them.
        await client.AckedAsync();
        await client.ClickAsync("#append");
        await client.AckedAsync();
        client.Errors.Select(error => error.Ref).ShouldAllBe(settled => settled == 3 || settled == 2);
        client.Page.FindAll("#items li").Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_slice_over_its_limit_fails_visibly_and_changes_nothing()
    {
        await using var world = await World.StartAsync("--Holdfast:MaxMemberBytes=1010", "--Holdfast:MaxSliceBytes=1160");
        var client = await world.OpenAsync("/state");
        await client.ClickAsync("#make-fit");
        await client.AckedAsync();
        var writes = world.Store.Writes;
        await client.ClickAsync("#append");
        await client.AckedAsync();
        client.Errors.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            error => error.Code.ShouldBe("limit"), error => error.Message.ShouldContain("view 'State'"));
        (client.Text("#count"), client.Text("#size"), client.Shows("#items li")).ShouldBe(("0", "1000", false));
        world.Store.Writes.ShouldBe(writes);
    }

    [Fact]
    public async Task A_member_whose_stored_bytes_cannot_be_read_keeps_its_initialiser_and_the_others_are_restored()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/state");
        await client.ClickAsync("#append");
        await client.AckedAsync();
        await client.LeaveAsync();
        await world.CrashAsync();
        world.Store.CorruptReads(1, entry => entry.Name == "Items");
        await client.JoinAsync();
        client.Text("#count").ShouldBe("1");
        client.Shows("#items li").ShouldBeFalse();
    }
}
