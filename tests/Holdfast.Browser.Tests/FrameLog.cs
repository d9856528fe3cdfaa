using System.Collections.Concurrent;
using System.Text.Json;

namespace Holdfast.Browser.Tests;

/// <summary>The frames of a page's sockets, in order. Made before the page is loaded.</summary>
internal sealed class FrameLog
{
    private readonly ConcurrentQueue<JsonElement> _sent = new();
    private readonly ConcurrentQueue<JsonElement> _received = new();

    public FrameLog(IPage page) => page.WebSocket += (_, socket) =>
    {
        socket.FrameSent += (_, frame) => Add(_sent, frame);
        socket.FrameReceived += (_, frame) => Add(_received, frame);
    };

    /// <summary>Those that the page sent.</summary>
    public IReadOnlyList<JsonElement> Sent(string kind) => [.. _sent.Where(frame => frame[0].GetString() == kind)];

    /// <summary>Those that came from the server.</summary>
    public IReadOnlyList<JsonElement> Received(string kind) => [.. _received.Where(frame => frame[0].GetString() == kind)];

    private static void Add(ConcurrentQueue<JsonElement> frames, IWebSocketFrame frame)
    {
        if (frame.Text is { Length: > 0 } text)
        {
            frames.Enqueue(JsonSerializer.Deserialize<JsonElement>(text));
        }
    }
}
