using System.Net;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Holdfast.State;
using Holdfast.Stores;

namespace Holdfast.Tests.State;

/// <summary>Builds of one app whose views store their state in different ways, on one store.</summary>
public sealed partial class StateVersionTests
{
    private static (string Build, string Shared, string Own, string Draft, string Name) Of(ProtocolClient client) =>
        (client.Text("#build"), client.Text("#shared"), client.Text("#own"), client.Text("#draft"), client.Text("#name"));

    private static async Task<string[]> EntriesAsync(World world) => [.. (await world.StoredTextAsync()).Select(Plain)];

    /// <summary>An entry without what differs from run to run.</summary>
    private static string Plain(string entry) => Epoch().Replace(Instance().Replace(entry, "\"i\":…,\"n\":$1,\"d\":[…]"), "");

    private static async Task ClickAsync(ProtocolClient client, string button = "#up")
    {
        await client.ClickAsync(button);
        await client.AckedAsync();
    }

    private static async Task<(World World, Node First, ProtocolClient Client, ProtocolClient Other)> PlayFirstAsync()
    {
        var world = new World();
        var first = await world.StartBuildAsync("First");
        var client = await world.OpenAsync("/tally", options => options with { Tab = "A" });
        await ClickAsync(client);
        await ClickAsync(client, "#rename");
        var other = await world.OpenTabAsync(client, tab: "B");
        await ClickAsync(other);
        await ClickAsync(client);
        return (world, first, client, other);
    }

    /// <summary>What a node has logged of stored state.</summary>
    private static List<string> SaidBy(Node node) => [.. node.Log.All.Where(text => text.Contains("StoreMetrics", StringComparison.Ordinal))];

    /// <summary>Presses the button in a page without script.</summary>
    private static async Task<(HttpStatusCode Status, string? RetryAfter)> PostAsync(World world, ProtocolClient client, string url)
    {
        using var form = await world.OpenFormAsync(url, client.Cookies);
        using var answer = await form.Http.PostAsync(form.Address, new FormUrlEncodedContent(form.FieldsOf("#up")));
        return (answer.StatusCode, answer.Headers.RetryAfter?.ToString());
    }

    [Fact]
    public async Task Another_version_is_migrated_in_all_scopes_and_tabs_and_written_whole_with_the_next_write()
    {
        var (world, first, client, other) = await PlayFirstAsync();
        await using var _ = world;
        await world.AlterAsync(new EntryChange(new EntryKey("/tally", EntryKind.Member, "OfAnother"), "{ \"kept\": 1 }"u8.ToArray()));
        (await EntriesAsync(world)).ShouldBe([
            "/tally m Name \"Grace Hopper\"",
            "/tally m OfAnother { \"kept\": 1 }",
            "/tally m Shared 3",
            "/tally s  {\"v\":1}",
            "/tally t A {\"i\":…,\"n\":3,\"d\":[…],\"t\":{\"Own\":2},\"r\":{\"Draft\":2}}",
            "/tally t B {\"i\":…,\"n\":1,\"d\":[…],\"t\":{\"Own\":1},\"r\":{\"Draft\":1}}"]);
        await client.DropAsync();
        await other.DropAsync();
        await world.StartBuildAsync("Second");
        await first.StopAsync();

        var (before, writes) = (await EntriesAsync(world), world.Store.Writes);
        await client.ReloadAsync();
        Of(client).ShouldBe(("second", "3", "0", "0", "Grace Hopper")); // The GET knows no tab.
        await client.JoinAsync();
        Of(client).ShouldBe(("second", "3", "2", "2", "Grace Hopper"));
        (await EntriesAsync(world)).ShouldBe(before, "neither a GET nor a join writes what it migrated");
        world.Store.Writes.ShouldBe(writes);

        await ClickAsync(client);
        (await EntriesAsync(world)).ShouldBe([
            "/tally m First \"Grace\"",
            "/tally m Last \"Hopper\"",
            "/tally m OfAnother { \"kept\": 1 }",
            "/tally m Seen 1",
            "/tally m Total {\"Value\":4}",
            "/tally s  {\"v\":2}",
            "/tally t A {\"i\":…,\"n\":4,\"d\":[…],\"t\":{\"OfTab\":{\"Value\":3}},\"r\":{\"Unsent\":{\"Value\":3}}}",
            "/tally t B {\"i\":…,\"n\":1,\"d\":[…],\"t\":{\"OfTab\":{\"Value\":1}},\"r\":{\"Unsent\":{\"Value\":1}}}"]);
        await other.RejoinAsync();
        Of(other).ShouldBe(("second", "4", "1", "1", "Grace Hopper"));
    }

    [Fact]
    public async Task A_build_that_takes_it_brings_a_newer_version_down()
    {
        var (world, first, client, other) = await PlayFirstAsync();
        await using var _ = world;
        await client.DropAsync();
        await other.DropAsync();
        var second = await world.StartBuildAsync("Second");
        await first.StopAsync();
        await client.RejoinAsync();
        await ClickAsync(client);
        await client.DropAsync();

        await world.StartBuildAsync("Back");
        await second.StopAsync();
        await client.RejoinAsync();
        Of(client).ShouldBe(("back", "4", "3", "3", "Grace Hopper"));
        await ClickAsync(client);
        await other.RejoinAsync();
        await ClickAsync(other);
        (await EntriesAsync(world)).ShouldBe([
            "/tally m Name \"Grace Hopper\"",
            "/tally m Seen 1", // A member of version 2 that version 1 does not know is kept.
            "/tally m Shared 6",
            "/tally s  {\"v\":1}",
            "/tally t A {\"i\":…,\"n\":5,\"d\":[…],\"t\":{\"Own\":4},\"r\":{\"Draft\":4}}",
            "/tally t B {\"i\":…,\"n\":2,\"d\":[…],\"t\":{\"Own\":2},\"r\":{\"Draft\":2}}"]);
    }

    [Fact]
    public async Task A_build_that_does_not_take_a_version_sends_the_page_elsewhere_and_touches_nothing()
    {
        await using var world = new World();
        var second = await world.StartBuildAsync("Second");
        var client = await world.OpenAsync("/tally");
        await ClickAsync(client);
        await client.DropAsync();
        await client.ClickAsync("#up"); // It waits in the document.
        var before = await world.StoredTextAsync();
        var writes = world.Store.Writes;

        var first = await world.StartBuildAsync("First");
        await client.ConnectAsync();
        await client.SendJoinAsync();
        (await client.ReceiveAsync<GoAwayFrame>()).Reason.ShouldBe("newer");
        (await client.ClosedAsync()).ShouldBe(1013);

        var page = world.Tab(client);
        (await page.GetPageAsync("/tally")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (page.Text("#build"), page.Text("#found"), page.Text("#shared")).ShouldBe(("first", "Error", "0"));
        (await PostAsync(world, client, "/tally")).ShouldBe((HttpStatusCode.ServiceUnavailable, "2"));
        (await world.StoredTextAsync()).ShouldBe(before);
        world.Store.Writes.ShouldBe(writes);
        SaidBy(first).ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            text => text.ShouldContain("Tally"), text => text.ShouldContain("has version 2"), text => text.ShouldContain("(version 1)"));

        world.Proxy.TargetPort = second.Port;
        await client.RejoinAsync();
        await client.AckedAsync();
        Of(client).ShouldBe(("second", "2", "2", "2", "Ada Lovelace"));
        client.Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_mounted_older_instance_is_told_at_its_next_conflict_and_its_event_comes_again()
    {
        var (world, first, client, other) = await PlayFirstAsync();
        await using var _ = world;
        var second = await world.StartBuildAsync("Second");
        await other.RejoinAsync();
        await ClickAsync(other); // The state is of version 2 now, under the page that is mounted on the first node.

        await client.ClickAsync("#up");
        (await client.ReceiveAsync<GoAwayFrame>()).Reason.ShouldBe("newer");
        await client.ClosedAsync();
        client.Unacked.ShouldBe([4]);
        world.Proxy.TargetPort = second.Port;
        await client.RejoinAsync();
        await client.AckedAsync();
        Of(client).ShouldBe(("second", "5", "3", "3", "Grace Hopper"));
        client.Errors.ShouldBeEmpty();
        first.Pages.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Changes_of_both_versions_meet_where_each_build_takes_the_others()
    {
        await using var world = new World();
        var back = await world.StartBuildAsync("Back");
        var old = await world.OpenAsync("/tally", options => options with { Tab = "A" });
        await ClickAsync(old);
        var second = await world.StartBuildAsync("Second");
        var young = await world.OpenTabAsync(old, tab: "B");
        for (var i = 0; i < 5; i++)
        {
            await ClickAsync(old);
            await ClickAsync(young);
        }

        (old.Text("#own"), young.Text("#own")).ShouldBe(("6", "5"));
        await young.RejoinAsync();
        (young.Text("#own"), young.Joined!.Found).ShouldBe(("5", "recovered"));
        old.Frames.OfType<JoinedFrame>().Count().ShouldBe(1, "no instance gave way");
        (SaidBy(back).Count, SaidBy(second).Count).ShouldBe((0, 0));
    }

    [Fact]
    public async Task A_migration_that_throws_leaves_the_state_as_it_is_and_refuses_events_until_it_is_corrected()
    {
        await using var world = new World { ExpectsErrors = true };
        await world.StartBuildAsync("First");
        var client = await world.OpenAsync("/breaking");
        await ClickAsync(client);
        await client.DropAsync();
        var before = await world.StoredTextAsync();

        var broken = await world.StartBuildAsync("Second");
        (await client.RejoinAsync()).Found.ShouldBe("error");
        (client.Text("#found"), client.Text("#value")).ShouldBe(("Error", "0"));
        await ClickAsync(client);
        client.Errors.ShouldHaveSingleItem().ShouldSatisfyAllConditions(error => error.Code.ShouldBe("state"), error => error.Ref.ShouldBe(2));
        client.Text("#value").ShouldBe("0");
        var page = world.Tab(client);
        await page.GetPageAsync("/breaking");
        page.Text("#found").ShouldBe("Error");
        (await PostAsync(world, client, "/breaking")).ShouldBe((HttpStatusCode.ServiceUnavailable, "2"));
        (await world.StoredTextAsync()).ShouldBe(before);
        broken.Log.Errors.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            text => text.ShouldContain("Breaking"), text => text.ShouldContain("version 0"), text => text.ShouldContain("has 1"), text => text.ShouldContain("This migration is broken."));

        await world.StartBuildAsync("Back");
        (await client.RejoinAsync()).Found.ShouldBe("restored");
        client.Text("#value").ShouldBe("101");
        await ClickAsync(client);
        client.Text("#value").ShouldBe("102");
    }

    [Fact]
    public async Task What_a_form_carries_is_of_the_version_that_served_it()
    {
        await using var world = new World();
        var first = await world.StartBuildAsync("First");
        using var form = await world.OpenFormAsync("/tally");
        await form.PressAsync("#up");
        form.Text("#own").ShouldBe("1");
        var second = await world.StartBuildAsync("Second");
        world.Proxy.Cut(); // A browser's connections would stay with the first.
        await form.PressAsync("#up");
        (form.Text("#build"), form.Text("#shared"), form.Text("#own"), form.Text("#draft")).ShouldBe(("second", "2", "2", "2"));
        form.Address.Query.ShouldStartWith("?holdfast-post=");

        var before = await world.StoredTextAsync();
        world.Proxy.TargetPort = first.Port;
        world.Proxy.Cut();
        await form.PressAsync("#up");
        form.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await world.StoredTextAsync()).ShouldBe(before);

        world.Proxy.TargetPort = second.Port;
        world.Proxy.Cut();
        await form.OpenAsync("/tally");
        await form.PressAsync("#up");
        (form.Status, form.Text("#shared")).ShouldBe((HttpStatusCode.OK, "3"));
    }

    [Fact]
    public async Task What_a_post_left_for_the_page_that_follows_is_migrated_too()
    {
        await using var world = new World();
        var first = await world.StartBuildAsync("First");
        using var form = await world.OpenFormAsync("/tally");
        await form.PressAsync("#up");
        await world.StartBuildAsync("Second");
        await first.StopAsync();
        await form.OpenAsync(form.Address.PathAndQuery);
        (form.Text("#build"), form.Text("#own"), form.Text("#draft")).ShouldBe(("second", "1", "1"));
    }

    [Fact]
    public async Task A_renamed_member_keeps_its_value_while_both_builds_run()
    {
        await using var world = new World();
        var first = await world.StartBuildAsync("First");
        var client = await world.OpenAsync("/renamed");
        await ClickAsync(client);
        var second = await world.StartBuildAsync("Second");
        foreach (var (node, value) in ((Node, string)[])[(second, "2"), (first, "3"), (second, "4")])
        {
            world.Proxy.TargetPort = node.Port;
            await client.RejoinAsync();
            await ClickAsync(client);
            client.Text("#value").ShouldBe(value);
        }

        (await EntriesAsync(world)).ShouldBe(["/renamed m Value 4", "/renamed s  {\"v\":0}", $"/renamed t {client.Tab} {{\"i\":…,\"n\":4,\"d\":[…]}}"]);
    }

    [Theory]
    [InlineData("nothing that JSON knows")]
    [InlineData("{}")]
    [InlineData("{\"v\":-1}")]
    [InlineData("{\"v\":\"1\"}")]
    [InlineData("7")]
    public async Task An_unreadable_slice_is_mounted_fresh_and_its_bytes_are_set_aside_in_the_write_that_replaces_them(string header)
    {
        var (world, first, client, other) = await PlayFirstAsync();
        await using var _ = world;
        await client.DropAsync();
        await other.DropAsync();
        await world.AlterAsync(new EntryChange(new EntryKey("/tally", EntryKind.Slice, ""), Encoding.UTF8.GetBytes(header)));
        var before = await world.StoredTextAsync();

        var page = world.Tab(client, "C");
        await page.GetPageAsync("/tally");
        (page.Text("#found"), page.Text("#shared")).ShouldBe(("New", "0"));
        await page.JoinAsync();
        (await world.StoredTextAsync()).ShouldBe(before);
        await ClickAsync(page);
        var after = await EntriesAsync(world);
        after.Where(entry => entry[0] == '/').ShouldBe([
            "/tally m Shared 1",
            "/tally s  {\"v\":1}",
            "/tally t C {\"i\":…,\"n\":1,\"d\":[…],\"t\":{\"Own\":1},\"r\":{\"Draft\":1}}"]);
        after.Where(entry => entry[0] == '!').ShouldBe([.. before.Select(entry => "!" + Plain(entry))]);
        SaidBy(first).ShouldAllBe(text => text.Contains("State of view 'Holdfast.TestViews.Tally' cannot be read (5 entries)", StringComparison.Ordinal));
        SaidBy(first).ShouldNotBeEmpty();
        await ClickAsync(page); // And once only.
        (await EntriesAsync(world)).Count(entry => entry[0] == '!').ShouldBe(5);
    }

    [Fact]
    public async Task An_unreadable_tab_part_lets_that_tab_begin_afresh_and_is_set_aside()
    {
        var (world, first, client, other) = await PlayFirstAsync();
        await using var _ = world;
        await client.DropAsync();
        await other.DropAsync();
        await world.AlterAsync(new EntryChange(new EntryKey("/tally", EntryKind.Tab, "A"), "half a tab"u8.ToArray()));
        await client.ReloadAsync();
        await client.JoinAsync();
        (client.Text("#shared"), client.Text("#own"), client.Text("#draft")).ShouldBe(("3", "0", "0"));
        await ClickAsync(client);
        (await EntriesAsync(world)).ShouldBe([
            "!/tally t A half a tab",
            "/tally m Name \"Grace Hopper\"",
            "/tally m Shared 4",
            "/tally s  {\"v\":1}",
            "/tally t A {\"i\":…,\"n\":1,\"d\":[…],\"t\":{\"Own\":1},\"r\":{\"Draft\":1}}",
            "/tally t B {\"i\":…,\"n\":1,\"d\":[…],\"t\":{\"Own\":1},\"r\":{\"Draft\":1}}"]);
        await other.ReloadAsync();
        await other.JoinAsync();
        other.Text("#own").ShouldBe("1");
        SaidBy(first).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_slice_that_becomes_unreadable_under_a_mounted_page_is_mounted_anew()
    {
        var (world, first, client, _) = await PlayFirstAsync();
        await using var _ = world;
        await world.AlterAsync(new EntryChange(new EntryKey("/tally", EntryKind.Slice, ""), "?"u8.ToArray()));
        await client.ClickAsync("#up");
        await client.AckedAsync();
        await client.UntilTextAsync("#shared", "1");
        (await EntriesAsync(world)).ShouldContain("!/tally m Shared 3");
    }

    [Theory]
    [InlineData(true, false, "/tally m First \"Grace\"", "/tally m Last \"Hopper\"", "/tally m Total {\"Value\":7}", "/tally s  {\"v\":2}")]
    [InlineData(false, false, "/tally m Name \"Grace Hopper\"", "/tally m Shared 3", "/tally s  {\"v\":1}")] // Nobody here knows how.
    [InlineData(false, true, "/tally m Total {\"Value\":7}", "/tally s  {\"v\":2}")]
    public async Task State_that_is_carried_over_keeps_or_gets_its_version(bool isInUse, bool isNew, params string[] expected)
    {
        await using var world = new World();
        var node = await world.StartBuildAsync("Second");
        await WriteAsync("anon:visitor", ("", "{\"v\":2,\"e\":1}"), ("Total", "{\"Value\":7}"));
        if (!isNew)
        {
            await WriteAsync("user:ada", ("", "{\"v\":1,\"e\":1}"), ("Shared", "3"), ("Name", "\"Grace Hopper\""));
        }

        var visitor = await node.Sessions.UseAsync("anon:visitor", CancellationToken.None);
        var user = await node.Sessions.UseAsync("user:ada", CancellationToken.None);
        if (isInUse)
        {
            visitor.Look("/tally", PersistedView.Of(Assembly.Load("Holdfast.TestApp.Versions.Second").GetType("Holdfast.TestViews.Tally", throwOnError: true)!));
        }

        await user.CarryOverAsync(visitor, user.Owner, CancellationToken.None);
        var stored = (await world.Store.ReadAsync("user:ada", 0, CancellationToken.None)).Session!;
        stored.Entries.Select(World.Text).Select(Plain).Order(StringComparer.Ordinal).ShouldBe(expected);
        SaidBy(node).Count.ShouldBe(isInUse || isNew ? 0 : 1);
        visitor.Release();
        user.Release();

        async Task WriteAsync(string key, params (string Name, string Value)[] entries)
        {
            var changes = entries.Select(entry =>
                new EntryChange(new EntryKey("/tally", entry.Name.Length == 0 ? EntryKind.Slice : EntryKind.Member, entry.Name), Encoding.UTF8.GetBytes(entry.Value)));
            (await world.Store.WriteAsync(key, new SessionWrite(0, DateTimeOffset.UtcNow.AddHours(1), [.. changes]), CancellationToken.None)).Committed.ShouldBeTrue();
        }
    }

    [GeneratedRegex("\"i\":\"[^\"]*\",\"n\":([0-9]+),\"s\":[0-9]+,\"d\":\\[[^\\]]*\\]")]
    private static partial Regex Instance();

    [GeneratedRegex(",\"e\":[0-9]+")]
    private static partial Regex Epoch();
}
