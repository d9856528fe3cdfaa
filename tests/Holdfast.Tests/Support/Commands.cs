using System.Text.Json.Nodes;

namespace Holdfast.Tests.Support;

/// <summary>What is done to the list pages of the test app.</summary>
internal static class Commands
{
    public static string Random(Random random, int rows) => random.Next(12) switch
    {
        0 or 1 or 2 => $"insert {random.Next(rows + 1)}",
        3 or 4 or 5 => $"remove {random.Next(100)}",
        6 or 7 => $"move {random.Next(100)} {random.Next(100)}",
        8 or 9 => $"rename {random.Next(100)}",
        10 => random.Next(6) == 0 ? "clear" : "reverse",
        _ => "fill " + random.Next(1, 9),
    };

    public static Task<long> RunAsync(ProtocolClient client, string command) =>
        client.FireAsync("#op", "keydown", new JsonObject { ["key"] = command });

    /// <summary>Uses a row as a user does: clicks it, or types in it.</summary>
    public static Task<long> UseAsync(ProtocolClient client, string row, string text) =>
        client.Page.Get($"[data-hit='{row}']").LocalName == "input"
            ? client.ChangeAsync($"[data-hit='{row}']", text)
            : client.ClickAsync($"[data-hit='{row}']");
}
