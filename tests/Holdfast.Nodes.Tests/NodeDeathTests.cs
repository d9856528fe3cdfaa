using System.Net;
using Holdfast.Nodes.Tests.Farms;
using Holdfast.Nodes.Tests.Histories;
using Holdfast.Nodes.Tests.Stores;
using Holdfast.Nodes.Tests.Tabs;

namespace Holdfast.Nodes.Tests;

/// <summary>
/// Three server processes on one store, behind a proxy without affinity. Tabs hop between them at random while nodes are killed and started again: whatever was acked is there,
/// once, in order.
/// </summary>
public sealed class NodeDeathTests(SharedStores stores, Browser.Tests.Browser browser)
{
    private const int Nodes = 3;
    private const int Clients = 4;
    private const int EventsBetweenKills = 300;
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("HOLDFAST_LONG") == "1";
    private static readonly int Rounds = IsLong ? 40 : 8;

    [Theory]
    [InlineData(StoreKind.Sqlite)]
    [InlineData(StoreKind.Postgres)]
    [InlineData(StoreKind.Redis)]
    [InlineData(StoreKind.S3)]
    public async Task What_was_acked_is_there_once_and_in_order_whichever_nodes_die(StoreKind kind)
    {
        var seed = IsLong ? Random.Shared.Next() : 4_000 + (int)kind;
        var random = new Random(seed);
        await using var farm = await Farm.StartAsync(stores, kind, Nodes);
        using var traffic = new Traffic();
        await using var context = await browser.Chromium.NewContextAsync();
        var browsers = new List<BrowserTab>();
        for (var tab = 0; tab < 2; tab++)
        {
            browsers.Add(new BrowserTab($"{kind} {seed}, Chromium, tab {tab}", farm.Address, random.Next(), await context.NewPageAsync()));
            await browsers[^1].OpenAsync(); // So that both tabs have the same cookie, and meet in one session.
        }

        var clients = new List<ProtocolTab>();
        for (var client = 0; client < Clients; client++)
        {
            var cookies = new CookieContainer();
            for (var tab = 0; tab < 2; tab++)
            {
                clients.Add(new ProtocolTab($"{kind} {seed}, client {client}, tab {tab}", farm.Address, random.Next(), cookies));
                await clients[^1].OpenAsync();
            }
        }

        List<IJournalTab> tabs = [.. browsers, .. clients];
        var use = Task.WhenAll(tabs.Select(tab => tab.UseAsync(traffic)));
        var kills = await KillAsync(farm, traffic, random, use);
        traffic.Close();
        await use;
        await farm.KillAllAsync();
        await Task.WhenAll(tabs.Select(tab => tab.ReadStoredAsync()));
        foreach (var tab in tabs)
        {
            await tab.DisposeAsync();
        }

        var histories = tabs.Select(tab => tab.History).ToList();
        var (acked, failed) = (histories.Sum(it => it.Count(HistoryKind.Acked)), histories.Sum(it => it.Count(HistoryKind.Failed)));
        var (resent, eaten) = (clients.Sum(tab => tab.Resent), clients.Sum(tab => tab.EatenAcks));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{kind}, seed {seed}: {traffic.Made} events, {acked} acked ({browsers.Sum(tab => tab.History.Count(HistoryKind.Acked))} in Chromium), {failed} failed; {kills} kills, "
            + $"{clients.Sum(tab => tab.Hops)} hops, {browsers.Sum(tab => tab.Joins)} joins of Chromium, {histories.Sum(it => it.Count(HistoryKind.Loaded))} loads; "
            + $"{resent} sent again, {eaten} stored whose ack was lost");
        var wrong = histories.Where(history => HistoryChecker.Check(history).Count > 0).ToList();
        wrong.SelectMany(HistoryChecker.Check).ShouldBeEmpty($"seed {seed}\n{string.Join('\n', wrong)}");
        clients.SelectMany(tab => tab.Refusals).ShouldBeEmpty();
        farm.Errors.ShouldBeEmpty();

        // The history must have met what it is about.
        acked.ShouldBeGreaterThanOrEqualTo(2_000);
        browsers.ShouldAllBe(tab => tab.History.Count(HistoryKind.Acked) > 0);
        failed.ShouldBeLessThan(traffic.Made / 50, "of an event that failed, little can be said");
        resent.ShouldBeGreaterThan(0);
        eaten.ShouldBeGreaterThan(0);
    }

    /// <summary>In each round one node or two die, at some moment of the round's events, and come back while the others serve.</summary>
    private static async Task<int> KillAsync(Farm farm, Traffic traffic, Random random, Task use)
    {
        using var ended = new CancellationTokenSource();
        _ = use.ContinueWith(_ => ended.Cancel(), TaskScheduler.Default);
        var kills = 0;
        for (var round = 0; round < Rounds; round++)
        {
            traffic.Allow(EventsBetweenKills);
            int[] dying = random.Next(3) == 0 ? [.. Enumerable.Range(0, Nodes).Except([random.Next(Nodes)])] : [random.Next(Nodes)];
            foreach (var node in dying)
            {
                await traffic.MadeAsync((round * EventsBetweenKills) + random.Next(1, EventsBetweenKills / 2), ended.Token);
                await farm.KillAsync(node);
                kills++;
            }

            await Task.WhenAll(dying.Select(farm.RestartAsync));
        }

        await traffic.MadeAsync(Rounds * EventsBetweenKills, ended.Token);
        return kills;
    }
}
