using System.Text.Json.Nodes;

namespace Holdfast.Tests.Rendering;

public class PatchTests
{
    public static TheoryData<string> Lists =>
    [
        "/rows/keyed-lambda", "/rows/unkeyed-lambda", "/rows/keyed-on", "/rows/unkeyed-on", "/rows/keyed-bind", "/rows/unkeyed-bind", "/rows/keyed-child",
        "/rows/unkeyed-child", "/rows/keyed-table",
    ];

    [Theory]
    [MemberData(nameof(Lists))]
    public async Task Any_sequence_of_changes_leaves_what_a_fresh_page_shows(string url)
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync(url);
        var fresh = world.Tab(client);
        var random = new Random(4711);
        var kinds = new HashSet<string>();
        for (var round = 0; round < 60; round++)
        {
            var command = Commands.Random(random, client.Page.FindAll("[data-row]").Count);
            await client.FireAsync("#op", "keydown", new JsonObject { ["key"] = command });
            if (url.EndsWith("bind", StringComparison.Ordinal))
            {
                await client.AckedAsync(); // What is typed into a row that moves meanwhile is refused, and stays in the control.
            }

            if (random.Next(3) == 0 && client.Page.FindAll("[data-hit]") is { Count: > 0 } rows)
            {
                var row = rows[random.Next(rows.Count)].GetAttribute("data-hit")!;
                try
                {
                    await Commands.UseAsync(client, row, $"{round}");
                }
                catch (InvalidOperationException) when (client.Page.FindAll($"[data-hit='{row}']").Count == 0)
                {
                    // A patch that came in between has taken the row away.
                }
            }

            if (round % 6 == 5)
            {
                await client.AckedAsync();
                await fresh.GetPageAsync(url);
                Shown.By(client).ShouldBe(Shown.By(fresh), $"after '{command}' in round {round}");
                (await fresh.JoinAsync()).Html.ShouldBeNull();
                await fresh.LeaveAsync();
            }
        }

        foreach (var frame in client.Frames.OfType<PatchFrame>())
        {
            kinds.UnionWith(Edits(frame));
        }

        client.Errors.Where(error => error.Code != "stale").ShouldBeEmpty();
        kinds.ShouldContain("i"); // Witnesses that the structure changed.
        kinds.ShouldContain("r");
        if (url.Contains("/keyed", StringComparison.Ordinal))
        {
            kinds.ShouldContain("p");
        }
    }

    [Fact]
    public async Task A_component_that_is_rendered_twice_in_one_batch_is_patched_rightly()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/twice");
        for (var round = 0; round < 8; round++)
        {
            await client.ClickAsync("#more");
            await client.AckedAsync();
            await client.UntilAsync(it => it.Handled == it.LastRef);
            var patched = Shown.By(client);
            var joined = await client.RejoinAsync();
            joined.Found.ShouldBe("recovered");
            Shown.By(client).ShouldBe(patched, $"round {round}");
            joined.Html.ShouldBeNull();
            await client.ClickAsync("#last");
            await client.AckedAsync();
            client.Text("#clicked").ShouldBe(int.Parse(client.Text("#sum"), System.Globalization.CultureInfo.InvariantCulture) % 2 == 0 ? "100" : "200");
            foreach (var before in client.Page.FindAll("[id^=before-]").Select(element => element.Id![7..]).ToList())
            {
                await client.ClickAsync($"#before-{before}");
                await client.UntilTextAsync("#clicked", before);
            }
        }

        client.Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task Handlers_that_change_come_and_go_are_what_the_page_says()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/modifiers");
        foreach (var (button, expected) in ((string, string)[])[("#toggle", "opened 1/0"), ("#toggle", "closed 1/1"), ("#toggle", "opened 2/1")])
        {
            await client.ClickAsync(button);
            await client.UntilTextAsync("#state", expected);
        }

        await client.ClickAsync("#link");
        await client.UntilTextAsync("#counts", "1 1");
        await client.ClickAsync("#stop");
        await client.UntilAsync(it => it.Attribute("#link", "data-hf")!.EndsWith("ps", StringComparison.Ordinal));
        await client.ClickAsync("#link");
        await client.UntilTextAsync("#counts", "1 2");
        await client.ClickAsync("#give");
        await client.UntilAsync(it => it.Attribute("#conditional", "data-hf") is not null);
        await client.ClickAsync("#conditional");
        await client.UntilTextAsync("#counts", "1 12");
        await client.ClickAsync("#give");
        await client.UntilAsync(it => it.Attribute("#conditional", "data-hf") is null);
        await client.ClickAsync("#switch");
        await client.UntilAsync(it => !it.Shows("#maybe"));
        var shown = Shown.By(client);
        var joined = await client.RejoinAsync();
        Shown.By(client).ShouldBe(shown);
        joined.Html.ShouldBeNull();
        client.Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task Keys_clicks_and_focus_reach_their_handlers_with_what_they_read()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/keys");
        await client.FireAsync("#box", "keydown", new JsonObject { ["key"] = "A", ["shiftKey"] = true });
        await client.FireAsync("#box", "focus");
        await client.FireAsync("#box", "blur");
        await client.FireAsync("#pad", "click", new JsonObject { ["clientX"] = -1.5, ["clientY"] = 2, ["ctrlKey"] = true });
        await client.AckedAsync();
        client.Text("#log").ShouldBe("A+shift focus blur -1.5,2+ctrl");
    }

    [Fact]
    public async Task A_page_in_a_layout_is_patched_where_it_is()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/layout");
        await client.ClickAsync("#main #up");
        await client.UntilTextAsync("#main #count", "1");
        client.Text("#footer").ShouldBe("The end of it");
    }

    private static IEnumerable<string> Edits(PatchFrame frame) => frame.Components.EnumerateArray()
        .SelectMany(component => component.EnumerateArray())
        .Where(edit => edit.ValueKind == System.Text.Json.JsonValueKind.Array)
        .Select(edit => edit[0].GetString()!);
}
