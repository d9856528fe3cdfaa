using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    [Fact]
    public async Task The_frozen_form_of_a_session_is_still_read()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser(options => options with { Tab = "TAB" });
        await client.GetPageAsync("/scopes");
        await client.JoinAsync();
        await client.ClickAsync("#session-up");
        await client.AckedAsync();
        await client.LeaveAsync();
        await Until.SoAsync(() => world.Node.Sessions.Count == 0);
        var key = await KeyAsync(world);
        await world.Store.DeleteAsync(key, CancellationToken.None);
        var entries = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, "stored-session.v1.json"), TestContext.Current.CancellationToken))!.AsArray();
        var changes = entries.Select(entry => new EntryChange(
            new EntryKey(Text(entry!, "slice"), Enum.Parse<EntryKind>(Text(entry!, "kind")), Text(entry!, "name")),
            Encoding.UTF8.GetBytes(Text(entry!, "value")))).ToList();
        (await world.Store.WriteAsync(key, new SessionWrite(0, DateTimeOffset.UtcNow.AddHours(1), changes), CancellationToken.None)).Committed.ShouldBeTrue();

        await client.ReloadAsync();
        client.Document = "DOCUMENT"; // The one that the scenario was played in: its settled refs are known.
        var joined = await client.JoinAsync();
        joined.Next.ShouldBe(4);
        (client.Text("#session"), client.Text("#tab"), client.Text("#reconnect")).ShouldBe(("2", "1", "2"));
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
        var entries = session.Entries.OrderBy(entry => entry.Key.Slice, StringComparer.Ordinal).ThenBy(entry => entry.Key.Kind).ThenBy(entry => entry.Key.Name, StringComparer.Ordinal)
            .Select(JsonNode (entry) => new JsonObject
            {
                ["slice"] = entry.Key.Slice,
                ["kind"] = entry.Key.Kind.ToString(),
                ["name"] = entry.Key.Name,
                ["value"] = Times().Replace(Epochs().Replace(Replaced(Encoding.UTF8.GetString(entry.Value), client), "\"e\":1"), "\"s\":1"),
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
