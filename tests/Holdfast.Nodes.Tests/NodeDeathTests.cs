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
public sealed class NodeDeathTests(SharedStores stores)
{
    private const int Nodes = 3;
    private const int Browsers = 4;
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
        var tabs = new List<ProtocolTab>();
        for (var browser = 0; browser < Browsers; browser++)
        {
            var cookies = new CookieContainer();
            tabs.Add(new ProtocolTab($"{kind} {seed}, browser {browser}, first tab", farm.Address, random.Next(), cookies));
            await tabs[^1].OpenAsync(); // So that both tabs have the same cookie, and meet in one session.
            tabs.Add(new ProtocolTab($"{kind} {seed}, browser {browser}, second tab", farm.Address, random.Next(), cookies));
            await tabs[^1].OpenAsync();
        }

        var use = Task.WhenAll(tabs.Select(tab => tab.UseAsync(traffic)));
        var kills = await KillAsync(farm, traffic, random, use);
        traffic.Close();
        await use;
        await farm.KillAllAsync();
        foreach (var tab in tabs)
        {
            await tab.ReadStoredAsync();
        }

        var histories = tabs.Select(tab => tab.History).ToList();
        var violations = histories.SelectMany(HistoryChecker.Check).ToList();
        violations.ShouldBeEmpty($"seed {seed}\n{string.Join('\n', histories.Where(history => HistoryChecker.Check(history).Count > 0))}");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{kind}, seed {seed}: {traffic.Made} events, {histories.Sum(it => it.Count(HistoryKind.Acked))} acked, {histories.Sum(it => it.Count(HistoryKind.Failed))} failed; {kills} kills, "
            + $"{tabs.Sum(tab => tab.Hops)} hops, {histories.Sum(it => it.Count(HistoryKind.Loaded))} loads; {tabs.Sum(tab => tab.Resent)} sent again, {tabs.Sum(tab => tab.EatenAcks)} stored whose ack was lost");
        tabs.SelectMany(tab => tab.Refusals).ShouldBeEmpty();
        farm.Errors.ShouldBeEmpty();
        histories.Sum(it => it.Count(HistoryKind.Acked)).ShouldBeGreaterThan(2_000);
        histories.Sum(it => it.Count(HistoryKind.Failed)).ShouldBeLessThan(traffic.Made / 50, "what failed says nothing");
        foreach (var tab in tabs)
        {
            await tab.DisposeAsync();
        }
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
