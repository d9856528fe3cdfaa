using System.Net;
using Holdfast.Nodes.Tests.Farms;
using Holdfast.Nodes.Tests.Histories;
using Holdfast.Nodes.Tests.Stores;
using Holdfast.Nodes.Tests.Tabs;

namespace Holdfast.Nodes.Tests;

/// <summary>What the checker is for: histories of nodes with a fault, in a schedule in which it must show. The same schedule without the fault is right.</summary>
public sealed class NodeFaultTests(SharedStores stores)
{
    [Theory]
    [InlineData("acks-early", "4 was acked and is lost")]
    [InlineData("none", null)]
    public async Task A_store_that_acks_before_it_has_written_is_found_out(string fault, string? violation)
    {
        await using var farm = await Farm.StartAsync(stores, StoreKind.Sqlite, 1, fault);
        await using var tab = NewTab(farm);
        await tab.OpenAsync();
        await tab.AppendAsync(3);
        await farm.TellAsync(0, "flush");
        await tab.AppendAsync(1);
        await farm.KillAllAsync();
        await CheckAsync(tab, violation);
    }

    [Theory]
    [InlineData("drops", "4 was acked and is lost")]
    [InlineData("none", null)]
    public async Task A_store_that_drops_a_write_is_found_out(string fault, string? violation)
    {
        await using var farm = await Farm.StartAsync(stores, StoreKind.Sqlite, 1, fault);
        await using var tab = NewTab(farm);
        await tab.OpenAsync();
        await tab.AppendAsync(3);
        await farm.TellAsync(0, "drop");
        await tab.AppendAsync(1);
        await farm.KillAllAsync();
        await CheckAsync(tab, violation);
    }

    /// <summary>A node whose write is slow, while the tab goes on elsewhere.</summary>
    [Theory]
    [InlineData("no-fence", "3 was acked and is lost")]
    [InlineData("none", null)]
    public async Task Nodes_without_the_fence_are_found_out(string fault, string? violation)
    {
        await using var farm = await Farm.StartAsync(stores, StoreKind.Sqlite, 2, fault);
        await using var tab = NewTab(farm);
        farm.Route(0);
        await tab.OpenAsync();
        await tab.AppendAsync(1);
        await farm.TellAsync(0, "hold");
        await tab.AppendAsync();
        await tab.ShowsAsync(2);
        farm.Route(1);
        await tab.HopAsync();
        await tab.AppendAsync(1);
        await farm.TellAsync(0, "release");
        await farm.Nodes[0].StopAsync(); // Not before all that it has is written, or given up.
        await farm.KillAllAsync();
        await CheckAsync(tab, violation);
    }

    private static ProtocolTab NewTab(Farm farm) => new("tab", farm.Address, seed: 1, new CookieContainer());

    private static async Task CheckAsync(ProtocolTab tab, string? violation)
    {
        await tab.ReadStoredAsync();
        var violations = HistoryChecker.Check(tab.History);
        if (violation is null)
        {
            violations.ShouldBeEmpty(tab.History.ToString());
        }
        else
        {
            violations.ShouldContain(found => found.Contains("Stored", StringComparison.Ordinal) && found.EndsWith(violation, StringComparison.Ordinal), tab.History.ToString());
        }
    }
}
