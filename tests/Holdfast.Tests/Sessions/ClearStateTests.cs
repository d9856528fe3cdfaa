using Holdfast.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Tests.Sessions;

/// <summary>What <see cref="LiveView.ClearStateAsync"/> leaves: nothing, in no tab, on no node, and no way for it to come back.</summary>
public class ClearStateTests
{
    [Fact]
    public async Task A_cleared_view_begins_anew_in_every_tab_and_the_event_counts_once()
    {
        await using var world = await World.StartAsync();
        var client = await OpenedAsync(world, clicks: 2);
        var other = await world.OpenTabAsync(client);
        await other.ClickAsync("#up");
        await other.AckedAsync();
        other.Text("#shown").ShouldBe("103|11");

        await client.ClickAsync("#clear");
        await client.AckedAsync(3);
        await client.UntilTextAsync("#shown", "100|10");
        client.Text("#found").ShouldBe("NotFound");
        await other.UntilTextAsync("#shown", "100|10");
        (await StoredAsync(world)).ShouldNotContain(entry => entry.Kind == EntryKind.Member);

        await client.RejoinAsync();
        client.Text("#shown").ShouldBe("100|10");
        await client.ClickAsync("#up");
        await client.AckedAsync(4);
        client.Text("#shown").ShouldBe("101|11");
        await other.ClickAsync("#up");
        await other.AckedAsync();
        other.Text("#shown").ShouldBe("102|11");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_tab_on_another_node_begins_anew_and_writes_nothing_back(bool hasNotifier)
    {
        await using var world = new World();
        var shared = new LocalNotifier();
        Action<IServiceCollection>? share = hasNotifier ? services => services.AddSingleton<ISessionNotifier>(shared) : null;
        await world.StartNodeAsync(configureServices: share);
        var client = await OpenedAsync(world, clicks: 5);
        await world.StartNodeAsync(configureServices: share);
        var other = await world.OpenTabAsync(client); // It has read, and never written.
        other.Text("#shown").ShouldBe("105|10");
        await client.ClickAsync("#clear");
        await client.AckedAsync();
        if (hasNotifier)
        {
            await other.UntilTextAsync("#shown", "100|10");
        }

        await other.ClickAsync("#up");
        await other.UntilTextAsync("#shown", "101|11");
        await other.AckedAsync();
        var fresh = world.Tab(client);
        await fresh.GetPageAsync("/clearing");
        fresh.Text("#shown").ShouldBe("101|10");
    }

    [Fact]
    public async Task A_handler_that_throws_afterwards_clears_nothing()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await OpenedAsync(world, clicks: 2);
        await client.ClickAsync("#fail");
        await client.AckedAsync();
        await client.UntilTextAsync("#shown", "102|12");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        client.Text("#shown").ShouldBe("103|13");
    }

    [Fact]
    public async Task A_post_clears_too_and_the_same_form_again_does_nothing()
    {
        await using var world = await World.StartAsync();
        var client = await OpenedAsync(world, clicks: 2);
        var form = await world.OpenFormAsync("/clearing", client.Cookies);
        form.Text("#shown").ShouldBe("102|10");
        await form.PressAsync("#clear");
        form.Text("#shown").ShouldBe("100|10");
        await form.PressAsync("#up");
        form.Text("#shown").ShouldBe("101|11");
    }

    private static async Task<ProtocolClient> OpenedAsync(World world, int clicks)
    {
        var client = await world.OpenAsync("/clearing");
        for (var i = 0; i < clicks; i++)
        {
            await client.ClickAsync("#up");
        }

        await client.AckedAsync();
        return client;
    }

    private static async Task<IEnumerable<EntryKey>> StoredAsync(World world) =>
        (await world.Store.ReadAsync((await world.RecordsAsync()).ShouldHaveSingleItem(), 0, CancellationToken.None)).Session!.Entries.Keys;
}
