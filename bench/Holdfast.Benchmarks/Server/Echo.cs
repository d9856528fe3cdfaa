using System.Net.WebSockets;
using System.Text;

namespace Holdfast.Benchmarks.Server;

/// <summary>The peer: what a WebSocket costs by itself. Answers each message with one that looks like a counter's patch.</summary>
internal static class Echo
{
    public static async Task ServeAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[256];
        var answer = Encoding.UTF8.GetBytes("""["patch",12345,[[3,1,["t",1,"12345"]]],12345]""");
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            await socket.SendAsync(answer.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
    }
}
