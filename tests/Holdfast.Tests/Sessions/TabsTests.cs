using Holdfast.Stores;
using Holdfast.Testing.Faults;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Tests.Sessions;

public class TabsTests
{
    [Fact]
    public async Task Two_tabs_that_click_in_turn_count_together()
    {
        await using var world = await World.StartAsync();
        var one = await world.OpenAsync("/counter");
        var two = await world.OpenTabAsync(one);
        for (var i = 1; i <= 10; i++)
        {
            await one.ClickAsync("#up");
            await one.AckedAsync();
            one.Text("#count").ShouldBe($"{(2 * i) - 1}");
            await two.ClickAsync("#up");
            await two.AckedAsync();
            two.Text("#count").ShouldBe($"{2 * i}");
        }
    }

    [Fact]
    public async Task Tabs_that_click_at_once_lose_no_click()
    {
        await using var world = await World.StartAsync();
        var first = await world.OpenAsync("/counter");
        List<ProtocolClient> tabs = [first, await world.OpenTabAsync(first), await world.OpenTabAsync(first)];
        await Task.WhenAll(tabs.Select(tab => ClickAsync(tab, 60)));
        foreach (var tab in tabs)
        {
            await tab.ClickAsync("#up");
            await tab.AckedAsync();
        }

        tabs[^1].Text("#count").ShouldBe("183");
        await tabs[0].GetPageAsync("/counter");
        tabs[0].Text("#count").ShouldBe("183");
    }

    [Fact]
    public async Task Tabs_on_two_nodes_lose_no_click_when_they_click_in_turn()
    {
        await using var world = await World.StartAsync();
        var one = await world.OpenAsync("/counter");
        await world.StartNodeAsync();
        var two = await world.OpenTabAsync(one);
        await two.ClickAsync("#up");
        await two.AckedAsync();
        await one.ClickAsync("#up");
        await one.AckedAsync();
        await two.GetPageAsync("/counter");

        // Last-write-wins between nodes for the same member within one write is documented; nobody is superseded and nothing hangs.
        two.Text("#count").ShouldBeOneOf("1", "2");
        one.Joined!.Start.ShouldNotBe(two.Joined?.Start);
    }

    [Fact]
    public async Task A_tab_that_comes_to_a_node_which_is_writing_for_another_tab_finds_what_was_acked_elsewhere()
    {
        await using var world = await World.StartAsync();
        var one = await world.OpenAsync("/journal");
        await one.ClickAsync("#append-own");
        await one.AckedAsync();
        var store = new FaultyStore(world.Store);
        await world.StartNodeAsync(configureServices: services => services.AddSingleton<ISessionStore>(store));
        var two = await world.OpenTabAsync(one);
        store.HoldWrites();
        await two.ClickAsync("#append-own");
        await two.UntilTextAsync("#own", "1");
        await one.ClickAsync("#append-own");
        await one.AckedAsync();

        var reads = store.Reads;
        var rejoin = one.RejoinAsync();
        await Task.WhenAny(rejoin, Until.SoAsync(() => store.Reads > reads));
        store.ReleaseWrites();
        await rejoin;

        one.Text("#own").ShouldBe("1 1");
        await two.AckedAsync();
    }

    [Fact]
    public async Task A_tab_that_comes_to_a_node_whose_writes_fail_does_not_wait_for_them()
    {
        await using var world = await World.StartAsync();
        var one = await world.OpenAsync("/journal");
        var two = await world.OpenTabAsync(one);
        world.ExpectsErrors = true;
        world.Store.FailWrites(WriteFault.BeforeItWasApplied, 1_000_000);
        world.Store.FailReads();
        await two.ClickAsync("#append-own");
        await Until.SoAsync(() => world.Store.Writes > 1);

        var three = await world.OpenTabAsync(one);

        three.Text("#own").ShouldBe("");
        world.Store.Heal();
        await two.AckedAsync();
    }

    [Fact]
    public async Task A_duplicated_tab_can_neither_lose_nor_double_a_click()
    {
        await using var world = await World.StartAsync();
        var one = await world.OpenAsync("/counter");
        var copy = await world.OpenTabAsync(one, tab: one.Tab);
        for (var i = 0; i < 15; i++)
        {
            await one.ClickAsync("#up");
            await copy.ClickAsync("#up");
            if (i % 4 == 0)
            {
                await one.AckedAsync();
            }
        }

        await one.AckedAsync();
        await copy.AckedAsync();
        await one.ClickAsync("#up");
        await one.AckedAsync();
        one.Text("#count").ShouldBe("31");
        one.Errors.ShouldBeEmpty();
        copy.Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_duplicated_tab_on_another_node_can_neither_lose_nor_double_a_click()
    {
        await using var world = await World.StartAsync();
        var one = await world.OpenAsync("/counter");
        await world.StartNodeAsync();
        var copy = await world.OpenTabAsync(one, tab: one.Tab);
        var clicks = 0;
        for (var i = 0; i < 10; i++)
        {
            await one.ClickAsync("#up");
            await one.AckedAsync();
            await copy.ClickAsync("#up");
            await copy.AckedAsync();
            clicks += 2;
        }

        await one.ClickAsync("#up");
        await one.AckedAsync();
        one.Text("#count").ShouldBe($"{clicks + 1}");
    }

    private static async Task ClickAsync(ProtocolClient client, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await client.ClickAsync("#up");
        }

        await client.AckedAsync();
    }
}
