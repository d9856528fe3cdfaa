using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Holdfast.Posts;
using Holdfast.Sessions;
using Holdfast.Stores;

namespace Holdfast.Tests.Stores;

/// <summary>The stored form and the wire, as they were released: what is written now must be that, and what was written then must still be read.</summary>
public partial class FrozenFormTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Fixtures");

    [Fact]
    public async Task What_is_stored_is_the_frozen_form()
    {
        await using var world = await World.StartAsync();
        var client = await PlayAsync(world);
        var key = await KeyAsync(world);
        var stored = (await world.Store.ReadAsync(key, 0, CancellationToken.None)).Session!;
        var written = Write(stored, client);
        await CompareAsync("stored-session.v2.json", written);
    }

    [Theory]
    [InlineData("stored-session.v1.json")]
    [InlineData("stored-session.v2.json")]
    public async Task The_frozen_form_of_a_session_is_still_read(string fixture)
    {
        await using var world = await World.StartAsync();
        var client = world.Browser(options => options with { Tab = "TAB" });
        await client.GetPageAsync("/scopes");
        await client.JoinAsync();
        await client.ClickAsync("#session-up");
        await client.AckedAsync();
        await client.LeaveAsync();
        await Until.SoAsync(() => world.Node.Sessions.Count == 0);
        await PutAsync(world, await File.ReadAllTextAsync(Path.Combine(Folder, fixture), TestContext.Current.CancellationToken));

        await client.ReloadAsync();
        client.Document = "DOCUMENT"; // The one that the scenario was played in: its settled refs are known.
        var joined = await client.JoinAsync();
        joined.Next.ShouldBe(4);
        (client.Text("#session"), client.Text("#tab"), client.Text("#reconnect")).ShouldBe(("2", "1", "2"));
    }

    [Fact]
    public async Task What_versions_posts_and_unreadable_slices_leave_is_the_frozen_form()
    {
        await using var world = new World();
        await world.StartBuildAsync("Second");
        var client = await OpenTallyAsync(world);
        using var form = await world.OpenFormAsync("/tally", client.Cookies);
        await form.PressAsync("#up");
        await world.AlterAsync(
            new EntryChange(new EntryKey("/counter", EntryKind.Slice, ""), "unreadable"u8.ToArray()),
            new EntryChange(new EntryKey("/counter", EntryKind.Member, "Count"), "5"u8.ToArray()));
        var counter = world.Tab(client, "TAB");
        await counter.GetPageAsync("/counter");
        counter.Document = "OTHER";
        await counter.JoinAsync();
        await counter.ClickAsync("button");
        await counter.AckedAsync();
        await CompareAsync("stored-slices.v2.json", Write((await world.StoredAsync()).Session, client));
    }

    [Fact]
    public async Task The_frozen_forms_of_versions_and_posts_are_still_read()
    {
        await using var world = new World();
        await world.StartBuildAsync("Second");
        var client = await OpenTallyAsync(world);
        await client.DropAsync();
        await world.CrashAsync();
        var fixture = (await File.ReadAllTextAsync(Path.Combine(Folder, "stored-slices.v2.json"), TestContext.Current.CancellationToken)).Replace("POST", "POSTED", StringComparison.Ordinal);
        await PutAsync(world, fixture);
        await world.StartBuildAsync("Second");

        using var form = await world.OpenFormAsync(CarriedToken.AddTo("/tally", "POSTED", DateTimeOffset.UtcNow), client.Cookies);
        (form.Text("#shared"), form.Text("#own"), form.Text("#draft")).ShouldBe(("2", "1", "1"));
        await client.ReloadAsync();
        client.Document = "DOCUMENT";
        (await client.JoinAsync()).Next.ShouldBe(2);
        (client.Text("#shared"), client.Text("#own"), client.Text("#draft")).ShouldBe(("2", "1", "1"));

        foreach (var entry in JsonNode.Parse(fixture)!.AsArray().Where(entry => Text(entry!, "slice")[0] == '/'))
        {
            var bytes = Encoding.UTF8.GetBytes(Text(entry!, "value"));
            switch (Text(entry!, "kind"))
            {
                case "Tab":
                    TabPart.TryDecode(bytes, out var part).ShouldBeTrue();
                    part.Encode().ShouldBe(bytes);
                    part.Watermark("POSTED").ShouldBe(Text(entry!, "name") == TabPart.OfPosts ? 1 : 0);
                    break;
                case "Slice":
                    SliceHeader.Decode(bytes)!.Value.Encode().ShouldBe(bytes);
                    break;
            }
        }
    }

    private static async Task<ProtocolClient> OpenTallyAsync(World world)
    {
        var client = world.Browser(options => options with { Tab = "TAB", KeepsAlive = false });
        await client.GetPageAsync("/tally");
        client.Document = "DOCUMENT";
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();
        return client;
    }

    /// <summary>Puts stored entries in the place of the only session.</summary>
    private static async Task PutAsync(World world, string json)
    {
        var key = await KeyAsync(world);
        await world.Store.DeleteAsync(key, CancellationToken.None);
        var changes = JsonNode.Parse(json)!.AsArray().Select(entry => new EntryChange(
            new EntryKey(Text(entry!, "slice"), Enum.Parse<EntryKind>(Text(entry!, "kind")), Text(entry!, "name")),
            Encoding.UTF8.GetBytes(Text(entry!, "value")))).ToList();
        (await world.Store.WriteAsync(key, new SessionWrite(0, DateTimeOffset.UtcNow.AddHours(1), changes), CancellationToken.None)).Committed.ShouldBeTrue();
    }

    [Fact]
    public async Task The_frames_of_a_scenario_are_the_frozen_ones()
    {
        await using var world = await World.StartAsync();
        var client = await PlayAsync(world);
        await client.PingAsync();
        await client.SendEventAsync("AAAAAA");
        await client.AckedAsync();
        await client.SendRawAsync("[\"event\",99,0,\"AAAAAA\"]");
        await client.ReceiveAsync<WaitFrame>();
        await client.SendRawAsync("[]");
        await client.ClosedAsync();
        var frames = string.Join("\n", client.Frames.Select(frame => Addresses().Replace(Replaced(frame.Raw, client), "click:ADDRESS")));
        await CompareAsync("frames.v1.txt", frames);
    }

    [Fact]
    public async Task The_html_of_a_page_is_the_frozen_one()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/counter");
        await CompareAsync("counter.v1.html", client.Html);
    }

    private static async Task<ProtocolClient> PlayAsync(World world)
    {
        var client = world.Browser(options => options with { Tab = "TAB", KeepsAlive = false });
        await client.GetPageAsync("/scopes");
        client.Document = "DOCUMENT";
        await client.JoinAsync();
        foreach (var button in (string[])["#all", "#session-up", "#reconnect-up"])
        {
            await client.ClickAsync(button);
            await client.AckedAsync();
        }

        return client;
    }

    private static async Task<string> KeyAsync(World world)
    {
        return (await world.RecordsAsync()).ShouldHaveSingleItem();
    }

    private static string Write(StoredSession session, ProtocolClient client)
    {
        var post = session.Entries.Keys.Select(entry => entry.Name).FirstOrDefault(TabPart.IsCarried)?[1..] ?? "POST";
        var entries = session.Entries.OrderBy(entry => entry.Key.Slice, StringComparer.Ordinal).ThenBy(entry => entry.Key.Kind).ThenBy(entry => entry.Key.Name, StringComparer.Ordinal)
            .Select(JsonNode (entry) => new JsonObject
            {
                ["slice"] = entry.Key.Slice,
                ["kind"] = entry.Key.Kind.ToString(),
                ["name"] = entry.Key.Name.Replace(post, "POST", StringComparison.Ordinal),
                ["value"] = Instances().Replace(Times().Replace(Epochs().Replace(Replaced(Encoding.UTF8.GetString(entry.Value), client), "\"e\":1"), "\"s\":1"), "\"i\":\"INSTANCE\"")
                    .Replace(post, "POST", StringComparison.Ordinal),
            });
        return new JsonArray([.. entries]).ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    private static string Replaced(string text, ProtocolClient client) => text
        .Replace(client.Joined!.Instance, "INSTANCE", StringComparison.Ordinal).Replace(client.Joined.Start, "START", StringComparison.Ordinal);

    /// <summary>The address of a lambda names the build that it is in.</summary>
    [System.Text.RegularExpressions.GeneratedRegex("click:[A-Za-z0-9_-]{6}")]
    private static partial System.Text.RegularExpressions.Regex Addresses();

    [System.Text.RegularExpressions.GeneratedRegex("\"e\":[0-9]+")]
    private static partial System.Text.RegularExpressions.Regex Epochs();

    [System.Text.RegularExpressions.GeneratedRegex("\"i\":\"[^\"]*\"")]
    private static partial System.Text.RegularExpressions.Regex Instances();

    [System.Text.RegularExpressions.GeneratedRegex("\"s\":[0-9]+")]
    private static partial System.Text.RegularExpressions.Regex Times();

    private static string Text(JsonNode entry, string name) => entry[name]!.GetValue<string>();

    /// <summary>Compares with the fixture; with HOLDFAST_FREEZE=1 a fixture that is not there yet is written beside the test's source.</summary>
    private static async Task CompareAsync(string name, string written)
    {
        var file = Path.Combine(Folder, name);
        if (!File.Exists(file) && Environment.GetEnvironmentVariable("HOLDFAST_FREEZE") is { Length: > 0 } source)
        {
            await File.WriteAllTextAsync(Path.Combine(source, name), written + "\n", TestContext.Current.CancellationToken);
            return;
        }

        (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n").TrimEnd('\n').ShouldBe(written.ReplaceLineEndings("\n").TrimEnd('\n'));
    }
}
