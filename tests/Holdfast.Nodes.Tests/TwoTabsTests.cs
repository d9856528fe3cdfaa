using System.Net;
using Holdfast.Nodes.Tests.Farms;
using Holdfast.Nodes.Tests.Histories;
using Holdfast.Nodes.Tests.Stores;
using Holdfast.Nodes.Tests.Tabs;

namespace Holdfast.Nodes.Tests;

/// <summary>Two tabs of one browser on two nodes, which write different members of one view at the same time.</summary>
public sealed class TwoTabsTests(SharedStores stores)
{
    private const int Writes = 500;

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [InlineData(StoreKind.Postgres)]
    [InlineData(StoreKind.Redis)]
    [InlineData(StoreKind.S3)]
    public async Task Both_members_are_complete(StoreKind kind)
    {
        await using var farm = await Farm.StartAsync(stores, kind, 2);
        var cookies = new CookieContainer();
        await using var left = new ProtocolTab("left", farm.Address, seed: 1, cookies, "left");
        await using var right = new ProtocolTab("right", farm.Address, seed: 2, cookies, "right");
        farm.Route(0);
        await left.OpenAsync();
        farm.Route(1);
        await right.OpenAsync();

        await Task.WhenAll(left.AppendAsync(Writes), right.AppendAsync(Writes));

        left.Hops.ShouldBe(0);
        right.Hops.ShouldBe(0);
        await farm.KillAllAsync();
        foreach (var tab in (ProtocolTab[])[left, right])
        {
            await tab.ReadStoredAsync();
            HistoryChecker.Check(tab.History).ShouldBeEmpty(tab.History.ToString());
            tab.History.Count(HistoryKind.Acked).ShouldBe(Writes);
        }
    }
}
