using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Diagnostics;
using Holdfast.Http;
using Holdfast.Sessions;
using Holdfast.State;
using Holdfast.TestViews.Guides;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Tests.State;

public class StateMigrationTests
{
    [Fact]
    public void A_migration_is_tested_without_a_server()
    {
        var state = new StateMigration(1, 2, """{"Name":"Ada Lovelace","Newsletter":"yes"}""", """{"Text":"half a"}""");
        Profile.MigrateState(state).ShouldBeTrue();
        state.Session.ToString().ShouldBe("""{"FirstName":"Ada","LastName":"Lovelace","Newsletter":true}""");
        state.Tabs[0].ToString().ShouldBe("""{"Draft":"half a"}""");

        Profile.MigrateState(new StateMigration(7, 2, "{}")).ShouldBeFalse();
    }

    [Fact]
    public void Members_are_found_wherever_they_are_stored_and_others_keep_their_bytes()
    {
        var state = new StateMigration(0, 1, """{"a":1,"other":{ "x" : 1 }}""", """{"a":2}""", "{}");
        state.Change("a", (int value) => value + 1);
        state.Rename("a", "b");
        state.Rename("missing", "other");
        state.Remove("missing");
        (state.Session.ToString(), state.Tabs[0].ToString(), state.Tabs[1].ToString()).ShouldBe(("""{"b":2,"other":{ "x" : 1 }}""", """{"b":3}""", "{}"));
        state.Session.Names.ShouldBe(["b", "other"]);
        state.Session.TryGet<JsonNode>("other", out var other).ShouldBeTrue();
        ((int)other!["x"]!).ShouldBe(1);
        state.Session.TryGet<int>("a", out _).ShouldBeFalse();
        Should.Throw<JsonException>(() => state.Session.TryGet<int>("other", out _));
        state.Session.Rename("b", "other").ShouldBeTrue();
        state.Session.ToString().ShouldBe("""{"other":2}""");
    }

    [Fact]
    public void A_member_has_the_scope_that_the_view_declares_and_others_keep_theirs()
    {
        var part = PartOf(("a", "1", false), ("unknown", "2", true), ("c", "3", false));
        Run(0, [], part).ShouldBe(SliceStatus.Readable);
        part.Members.Select(member => (member.Key, member.Value.IsReconnect)).ShouldBe([("c", true), ("unknown", true), ("was-a", false)], ignoreOrder: true);
    }

    [Fact]
    public void Nothing_is_touched_where_the_version_is_not_taken_or_the_migration_throws()
    {
        foreach (var (from, expected) in ((int, SliceStatus)[])[(7, SliceStatus.OtherVersion), (8, SliceStatus.Failed)])
        {
            var part = PartOf(("a", "1", false));
            var members = new Dictionary<string, byte[]> { ["a"] = "1"u8.ToArray() };
            Run(from, members, part).ShouldBe(expected);
            members.Keys.ShouldBe(["a"]);
            part.Members.Keys.ShouldBe(["a"]);
        }
    }

    [Fact]
    public void A_version_below_1_is_an_error_at_start_up() =>
        Should.Throw<InvalidOperationException>(() => PersistedView.Of(typeof(ZeroView))).Message.ShouldContain("[StateVersion(0)]");

    [Fact]
    public void A_key_of_two_views_is_an_error_at_start_up()
    {
        Should.Throw<InvalidOperationException>(() => Discover(typeof(KeyedView), typeof(OtherKeyedView))).Message.ShouldSatisfyAllConditions(
            message => message.ShouldContain(nameof(KeyedView)), message => message.ShouldContain(nameof(OtherKeyedView)), message => message.ShouldContain("\"key of two\""));
        Should.Throw<InvalidOperationException>(() => Discover(typeof(EmptyKeyView))).Message.ShouldContain("0 characters");
        Discover(typeof(KeyedView), typeof(DerivedView)); // It does not inherit the key.
    }

    [Theory]
    [InlineData("", "@key%20of%20two")]
    [InlineData("/base", "@key%20of%20two/base")]
    public void A_key_takes_the_place_of_template_and_values(string pathBase, string expected)
    {
        foreach (var template in (string[])["/a", "/b/{Id:int}"])
        {
            new PageRoute(typeof(KeyedView), template).SliceKey(pathBase, new Dictionary<string, object?> { ["Id"] = 7 }).ShouldBe(expected);
        }
    }

    [Fact]
    public async Task Two_routes_of_a_view_with_a_key_share_its_state()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/shared/1");
        await client.ClickAsync("#add");
        await client.AckedAsync();
        var other = await world.OpenTabAsync(client, "/also-shared");
        other.Text("#count").ShouldBe("1");
        await other.ClickAsync("#add");
        await other.AckedAsync();
        await client.ClickAsync("#add");
        await client.UntilTextAsync("#count", "3");
        await client.AckedAsync();
        (await world.StoredTextAsync()).ShouldContain("@shared%20state m Count 3");
    }

    private static void Discover(params Type[] types) => new PageCatalog().Discover(typeof(object), [new Types(types)]);

    private static TabPart PartOf(params (string Name, string Json, bool IsReconnect)[] members)
    {
        var part = new TabPart();
        part.ReplaceMembers(members.Select(member => KeyValuePair.Create(member.Name, new TabPart.TabMember(System.Text.Encoding.UTF8.GetBytes(member.Json), member.IsReconnect))));
        return part;
    }

    private static SliceStatus Run(int from, Dictionary<string, byte[]> members, TabPart part)
    {
        using var services = new ServiceCollection().AddMetrics().AddSingleton<HoldfastMeter>().BuildServiceProvider();
        var metrics = new StoreMetrics(services.GetRequiredService<HoldfastMeter>(), NullLogger<StoreMetrics>.Instance);
        return SliceMigration.Run(PersistedView.Of(typeof(ScopedView)), from, members, [part], metrics);
    }

    [StateVersion(2)]
    private sealed class ScopedView : LiveView, IMigrateState
    {
        [Persist(Scope.Reconnect, Name = "c")] public int C { get; set; }

        public static bool MigrateState(StateMigration state)
        {
            state.Rename("a", "was-a");
            return state.From == 8 ? throw new NotSupportedException() : state.From == 0;
        }
    }

    [StateVersion(0)]
    private sealed class ZeroView : LiveView;

    [Route("/one")]
    [StateKey("key of two")]
    private class KeyedView : LiveView;

    private sealed class DerivedView : KeyedView;

    [StateKey("key of two")]
    private sealed class OtherKeyedView : LiveView;

    [StateKey("")]
    private sealed class EmptyKeyView : LiveView;
}
