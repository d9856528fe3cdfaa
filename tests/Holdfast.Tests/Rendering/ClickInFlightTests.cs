using System.Text.Json.Nodes;
using Holdfast.Testing.Network;

namespace Holdfast.Tests.Rendering;

/// <summary>A click that is under way while the list changes.</summary>
public class ClickInFlightTests
{
    public static TheoryData<string, string> Lists => new()
    {
        { "/rows/keyed-lambda", "hit" }, { "/rows/unkeyed-lambda", "hit" }, { "/rows/keyed-on", "hit" }, { "/rows/unkeyed-on", "hit" },
        { "/rows/keyed-child", "hit" }, { "/rows/unkeyed-child", "hit" }, { "/rows/keyed-child", "own" }, { "/rows/unkeyed-child", "own" },
        { "/rows/keyed-table", "hit" }, { "/rows/keyed-bind", "bind" }, { "/rows/unkeyed-bind", "bind" },
    };

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task It_hits_the_row_that_was_clicked_or_none(string url, string kind)
    {
        var isKeyed = url.StartsWith("/rows/keyed", StringComparison.Ordinal);
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync(url);
        var random = new Random(20261121);
        var (hits, stale, gone) = (0, 0, 0);
        for (var round = 0; round < 60; round++)
        {
            if (client.Page.FindAll("[data-row]").Count < 3)
            {
                await RunAsync(client, "fill 6");
            }

            var rows = RowsOf(client);
            var row = rows[random.Next(rows.Count)];
            var before = Record(client, kind);

            // The server has changed the list; what it says of it is held until the click is under way.
            world.Proxy.Hold(Direction.ToClient);
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                await Commands.RunAsync(client, Commands.Random(random, rows.Count));
            }

            var click = await UseAsync(client, row, kind, $"in-{round}");
            world.Proxy.Release(Direction.ToClient);
            await client.AckedAsync(click);
            var (wasHit, isStale) = Judge(client, before, row, kind, click, $"in-{round}", $"{url}, round {round}");
            var isThere = RowsOf(client).Contains(row);
            if (isKeyed && isThere)
            {
                wasHit.ShouldBeTrue($"keyed row {row} is there, round {round}: {string.Join(' ', client.Frames.TakeLast(6).Select(frame => frame.Raw))}");
            }

            (hits, stale, gone) = (hits + (wasHit ? 1 : 0), stale + (isStale ? 1 : 0), gone + (isThere ? 0 : 1));
        }

        hits.ShouldBeGreaterThan(5);
        stale.ShouldBeGreaterThan(2);
        gone.ShouldBeGreaterThan(2);
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task It_hits_the_row_that_was_clicked_or_none_across_a_restart(string url, string kind)
    {
        var isKeyed = url.StartsWith("/rows/keyed", StringComparison.Ordinal);
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync(url);
        var other = await world.OpenTabAsync(client);
        var random = new Random(4);
        var (hits, misses) = (0, 0);
        for (var round = 0; round < 14; round++)
        {
            if (client.Page.FindAll("[data-row]").Count < 3)
            {
                await RunAsync(client, "fill 6");
            }

            var rows = RowsOf(client);
            var row = rows[random.Next(rows.Count)];
            var before = Record(client, kind);
            await client.DropAsync();
            if (round % 3 != 0)
            {
                await other.RejoinAsync();
                await RunAsync(other, Commands.Random(random, rows.Count)); // Another tab changes the list meanwhile.
            }

            var click = await UseAsync(client, row, kind, $"re-{round}");
            if (round % 2 == 0)
            {
                await world.CrashAsync();
            }

            await client.JoinAsync();
            await client.AckedAsync(click);
            var (wasHit, _) = Judge(client, before, row, kind, click, $"re-{round}", $"{url}, round {round}");
            if (isKeyed && RowsOf(client).Contains(row))
            {
                wasHit.ShouldBeTrue($"keyed row {row} is there, round {round}");
            }

            (hits, misses) = (hits + (wasHit ? 1 : 0), misses + (wasHit ? 0 : 1));
        }

        hits.ShouldBeGreaterThan(0);
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task A_click_that_was_made_before_the_last_patch_still_means_what_was_seen_when_it_is_sent_again(string url, string kind)
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync(url);
        var before = Record(client, kind);

        // Clicked at patch 0, lost; the list changes, the document sees it; the click goes out again.
        world.Proxy.Hold(Direction.ToServer);
        var click = await UseAsync(client, "2", kind, "again");
        var other = world.Tab(client);
        await client.DropAsync();
        world.Proxy.Cut();
        world.Proxy.Release(Direction.ToServer);
        await other.GetPageAsync(url);
        await other.JoinAsync();
        await RunAsync(other, "remove 0");
        await client.JoinAsync();
        await client.AckedAsync(click);
        Judge(client, before, "2", kind, click, "again", url);
    }

    private static List<string> RowsOf(ProtocolClient client) => [.. client.Page.FindAll("[data-row]").Select(row => row.GetAttribute("data-row")!)];

    private static async Task RunAsync(ProtocolClient client, string command)
    {
        await Commands.RunAsync(client, command);
        await client.AckedAsync();
    }

    private static Task<long> UseAsync(ProtocolClient client, string row, string kind, string text) => kind switch
    {
        "own" => client.ClickAsync($"[data-own='{row}']"),
        "bind" => client.ChangeAsync($"[data-hit='{row}']", text),
        _ => client.ClickAsync($"[data-hit='{row}']"),
    };

    private static Dictionary<string, string> Record(ProtocolClient client, string kind) =>
        client.Text(kind == "bind" ? "#notes" : "#hits").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split(':')).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>Fails when another row was hit, or when the click neither hit nor was refused.</summary>
    private static (bool WasHit, bool IsStale) Judge(
        ProtocolClient client, Dictionary<string, string> before, string row, string kind, long click, string text, string place)
    {
        var isStale = client.Errors.Any(error => error.Ref == click && error.Code == "stale");
        var expected = new Dictionary<string, string>(before);
        if (!isStale)
        {
            expected[row] = kind == "bind" ? text : $"{int.Parse(expected.GetValueOrDefault(row, "0"), System.Globalization.CultureInfo.InvariantCulture) + 1}";
        }

        var after = Record(client, kind);
        after.OrderBy(pair => pair.Key).ShouldBe(expected.OrderBy(pair => pair.Key), $"row {row} was clicked, {place}");
        client.Errors.ShouldAllBe(error => error.Code == "stale");
        return (!isStale, isStale);
    }
}
