namespace Holdfast.Tests.Rendering;

/// <summary>What one event costs on the wire: frames both ways, the ack included.</summary>
public class PayloadTests
{
    private const int CounterLimit = 100;
    private const int ListLimit = 160;

    [Theory]
    [InlineData("/counter", "#up", CounterLimit)]
    [InlineData("/two-hundred", "#hit-150", ListLimit)]
    public async Task A_click_stays_within_its_bytes_with_a_store_in_memory(string url, string button, int limit)
    {
        await using var world = await World.StartAsync();
        await MeasureAsync(await world.OpenAsync(url, options => options with { KeepsAlive = false }), button, limit);
    }

    [Theory]
    [InlineData("/counter", "#up", CounterLimit)]
    [InlineData("/two-hundred", "#hit-150", ListLimit)]
    public async Task A_click_stays_within_its_bytes_with_sqlite(string url, string button, int limit)
    {
        using var folder = new TemporaryFolder();
        await using var node = await Node.StartAsync([$"--Holdfast:Sqlite:Path={folder.File("holdfast.db")}"], _ => { }, null);
        await using var client = new ProtocolClient(new ProtocolClientOptions { BaseAddress = new Uri($"http://127.0.0.1:{node.Port}"), KeepsAlive = false });
        await client.GetPageAsync(url);
        await client.JoinAsync();
        await MeasureAsync(client, button, limit);
    }

    private static async Task MeasureAsync(ProtocolClient client, string button, int limit)
    {
        var sent = client.Connection.BytesSent;
        var received = client.Connection.BytesReceived;
        for (var i = 1; i <= 120; i++)
        {
            await client.ClickAsync(button);
            await client.AckedAsync();
            var bytes = client.Connection.BytesSent - sent + client.Connection.BytesReceived - received;
            bytes.ShouldBeLessThanOrEqualTo(limit, $"click {i}: {string.Join(' ', client.Frames.TakeLast(2).Select(frame => frame.Raw))}");
            (sent, received) = (client.Connection.BytesSent, client.Connection.BytesReceived);
        }
    }
}
