using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;

namespace Holdfast.Tests.Sessions;

/// <summary>
/// A deploy under load, node by node, from a build with version 1 of a view's state to one with version 2, and back by a build that migrates down. Browsers click all the time, and each of
/// their connections goes to another node.
/// </summary>
public sealed class RollingDeployTests
{
    private const int Nodes = 3;
    private const int Browsers = 12;

    [Fact]
    public async Task A_deploy_up_and_back_under_load_loses_nothing_and_shows_no_error_that_stays()
    {
        await using var world = new World();
        var farm = new Farm(world);
        for (var i = 0; i < Nodes; i++)
        {
            await farm.AddAsync("First");
        }

        var visitors = Enumerable.Range(0, Browsers).Select(seed => new Visitor(farm, world.Browser(), seed)).ToList();
        await Task.WhenAll(visitors.Select(visitor => visitor.OpenAsync()));
        foreach (var visitor in visitors.Where((_, index) => index % 3 == 0).ToList())
        {
            visitor.SharesItsSession = true;
            var second = new Visitor(farm, world.Tab(visitor.Client), seed: visitors.Count) { SharesItsSession = true };
            await second.OpenAsync();
            visitors.Add(second);
        }

        using var stop = new CancellationTokenSource();
        var visits = Task.WhenAll(visitors.Select(visitor => visitor.VisitAsync(stop)));
        foreach (var build in (string[])["Second", "Back"])
        {
            for (var i = 0; i < Nodes; i++)
            {
                await AllClickAsync(3);
                await farm.AddAsync(build);
                await AllClickAsync(3); // Old and new builds side by side.
                await farm.RemoveOldestAsync();
            }
        }

        await AllClickAsync(3);
        await stop.CancelAsync();
        await visits;

        foreach (var visitor in visitors)
        {
            await visitor.CheckAsync();
        }

        var seen = visitors.SelectMany(visitor => visitor.Builds).GroupBy(build => build).ToDictionary(build => build.Key, build => build.Count());
        seen.Keys.ShouldBe(["first", "second", "back"], ignoreOrder: true);
        visitors.Sum(visitor => visitor.SentElsewhere).ShouldBeGreaterThan(0, "some must have met an older build than their state");
        visitors.Sum(visitor => visitor.Hops).ShouldBeGreaterThan(Browsers);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{visitors.Sum(visitor => visitor.Clicks)} clicks, {visitors.Sum(visitor => visitor.Hops)} hops, {visitors.Sum(visitor => visitor.SentElsewhere)} times sent elsewhere, "
            + $"{visitors.Sum(visitor => visitor.ErrorPages)} pages with Found.Error; joins by build: {string.Join(", ", seen.Select(build => $"{build.Key} {build.Value}"))}");

        async Task AllClickAsync(int times)
        {
            var goals = visitors.ToDictionary(visitor => visitor, visitor => visitor.Clicks + times);
            await Task.WhenAny(visits, Until.SoAsync(() => goals.All(goal => goal.Key.Clicks >= goal.Value), TimeSpan.FromSeconds(60)));
            if (visits.IsCompleted)
            {
                await visits;
            }
        }
    }

    /// <summary>The nodes behind a proxy without affinity. Thread-safe.</summary>
    private sealed class Farm(World world)
    {
        private readonly ConcurrentQueue<Node> _nodes = new();
        private int _next;

        /// <summary>The next connection goes to the next node.</summary>
        public void Turn()
        {
            var nodes = _nodes.ToArray();
            world.Proxy.TargetPort = nodes[(uint)Interlocked.Increment(ref _next) % nodes.Length].Port;
        }

        public async Task AddAsync(string build) => _nodes.Enqueue(await world.StartBuildAsync(build));

        /// <summary>Gets no new connections any more, and then stops in order.</summary>
        public async Task RemoveOldestAsync()
        {
            _nodes.TryDequeue(out var node);
            Turn();
            await node!.StopAsync();
        }
    }

    /// <summary>A person who clicks all the time, in a browser that does what the script does.</summary>
    private sealed class Visitor(Farm farm, ProtocolClient client, int seed)
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
        private readonly Random _random = new(seed);

        public ProtocolClient Client => client;

        public bool SharesItsSession { get; set; }

        public int Clicks { get; private set; }

        public int Hops { get; private set; }

        public int SentElsewhere { get; private set; }

        public int ErrorPages { get; private set; }

        public List<string> Builds { get; } = [];

        public async Task OpenAsync()
        {
            farm.Turn();
            (await client.GetPageAsync("/tally")).StatusCode.ShouldBe(HttpStatusCode.OK);
            await JoinAsync();
            await client.ClickAsync("#rename");
            await AckedAsync();
        }

        public async Task VisitAsync(CancellationTokenSource stop)
        {
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    await ClickAsync();
                }
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }

        private async Task ClickAsync()
        {
            for (var i = _random.Next(1, 4); i > 0; i--)
            {
                try
                {
                    Clicks++;
                    await client.ClickAsync("#up");
                }
                catch (Exception exception) when (exception is WebSocketException or IOException or ObjectDisposedException)
                {
                    // The socket ended just then. The click has its number, and waits for the next one.
                }
            }

            if (_random.Next(4) == 0)
            {
                Hops++; // With clicks under way.
                await JoinAsync();
            }

            await AckedAsync();
            if (_random.Next(8) == 0)
            {
                await ReloadAsync();
            }
        }

        private async Task ReloadAsync()
        {
            await client.DropAsync();
            while (true)
            {
                farm.Turn();
                try
                {
                    (await client.ReloadAsync()).StatusCode.ShouldBe(HttpStatusCode.OK);
                    break;
                }
                catch (HttpRequestException)
                {
                    await Task.Delay(1); // Its connection was kept open to a node that has stopped.
                }
            }

            ErrorPages += client.Text("#found") == "Error" ? 1 : 0;
            await JoinAsync();
        }

        /// <summary>Until it is joined, each attempt at the next node, as the script does it; but for its longer waits.</summary>
        private async Task JoinAsync()
        {
            var refusals = new List<string>();
            using var patience = new CancellationTokenSource(Patience);
            for (var wait = 1; ; wait = Math.Min(2 * wait, 100))
            {
                farm.Turn();
                try
                {
                    var joined = await client.RejoinAsync(patience.Token);
                    joined.Found.ShouldNotBe("error");
                    Builds.Add(client.Text("#build"));
                    return;
                }
                catch (Exception exception) when (exception is InvalidOperationException or WebSocketException or SocketRefusedException or OperationCanceledException)
                {
                    SentElsewhere += client.Frames is [.., GoAwayFrame { Reason: "newer" }] ? 1 : 0;
                    refusals.Add(exception.Message);
                    patience.IsCancellationRequested.ShouldBeFalse($"joined in vain {refusals.Count} times; at last: {string.Join("\n", refusals.TakeLast(3))}");
                    await Task.Delay(_random.Next(1, wait + 1), CancellationToken.None);
                }
            }
        }

        private async Task AckedAsync()
        {
            while (true)
            {
                await client.UntilAsync(it => it.Unacked.Count == 0 || !it.Connection.IsOpen);
                client.Errors.Where(error => error.Ref > 0).ShouldBeEmpty();
                if (client.Unacked.Count == 0)
                {
                    return;
                }

                SentElsewhere += client.Frames is [.., GoAwayFrame { Reason: "newer" }] ? 1 : 0;
                await JoinAsync();
            }
        }

        /// <summary>Everything that was done is there, once, in the page, and in one that is loaded anew.</summary>
        public async Task CheckAsync()
        {
            await AckedAsync();
            for (var i = 0; i < 2; i++)
            {
                (client.Text("#build"), client.Text("#own"), client.Text("#name")).ShouldBe(("back", $"{Clicks}", "Grace Hopper"));
                if (!SharesItsSession)
                {
                    client.Text("#shared").ShouldBe($"{Clicks}");
                }

                await ReloadAsync();
            }
        }
    }
}
