using System.Buffers;
using System.Net.WebSockets;
using Holdfast.Protocol;

namespace Holdfast.Connections;

/// <summary>What a read from a socket gave.</summary>
internal enum ReadOutcome : byte
{
    Frame,
    Closed,
    TooBig,
    NotText,
}

/// <summary>Reads frames from a socket. While nothing comes it holds no buffer. Used by one reader at a time.</summary>
internal sealed class FrameReader(WebSocket socket, int maxFrameBytes)
{
    private const int FirstBuffer = 512;

    /// <summary>Reads and parses the next frame.</summary>
    /// <exception cref="WebSocketException">The connection is lost, or the text is not UTF-8.</exception>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public async ValueTask<(ReadOutcome Outcome, ClientFrame Frame)> ReadAsync(CancellationToken cancellationToken)
    {
        // An empty read waits for the first bytes without a buffer to put them into.
        var first = await socket.ReceiveAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        if (first.MessageType == WebSocketMessageType.Close)
        {
            return (ReadOutcome.Closed, default);
        }

        if (first.EndOfMessage)
        {
            return (ReadOutcome.Frame, default); // An empty message: this was all of it, and it is no frame.
        }

        var buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        var length = 0;
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                length += received.Count;
                if (received.MessageType != WebSocketMessageType.Text)
                {
                    return (received.MessageType == WebSocketMessageType.Close ? ReadOutcome.Closed : ReadOutcome.NotText, default);
                }

                if (length > maxFrameBytes)
                {
                    return (ReadOutcome.TooBig, default);
                }

                if (received.EndOfMessage)
                {
                    return (ReadOutcome.Frame, ClientFrame.Parse(buffer.AsSpan(0, length)));
                }

                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 4);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
