using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Holdfast.Benchmarks.Load;

/// <summary>
/// The client's end of a WebSocket over a bare socket: cheaper than <see cref="System.Net.WebSockets.ClientWebSocket"/>, so that the client's core is
/// not what is measured, and every byte is counted. Understands only what the server sends here: whole, unmasked text frames.
/// </summary>
internal sealed class FrameSocket : IDisposable
{
    private static readonly byte[] Mask = [0x37, 0xfa, 0x21, 0x3d];

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _received = new byte[8 * 1024];
    private byte[] _sent = new byte[512];
    private int _start;
    private int _end;

    /// <summary>Payload bytes so far, without headers and masks.</summary>
    public long BytesUp { get; private set; }

    /// <inheritdoc cref="BytesUp"/>
    public long BytesDown { get; private set; }

    public async Task ConnectAsync(int port, string path, string? cookie)
    {
        await _socket.ConnectAsync(IPAddress.Loopback, port);
        var request = $"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + (cookie is null ? "" : $"Cookie: {cookie}\r\n") + "\r\n";
        await _socket.SendAsync(Encoding.ASCII.GetBytes(request));
        int length;
        while ((length = _received.AsSpan(0, _end).IndexOf("\r\n\r\n"u8)) < 0)
        {
            await FillAsync();
        }

        var answer = Encoding.ASCII.GetString(_received, 0, length);
        if (!answer.StartsWith("HTTP/1.1 101", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The server refused the socket: '{answer[..answer.IndexOf('\r')]}'. The page or the path is not what the client expects.");
        }

        _start = length + 4;
    }

    /// <summary>Sends one text frame.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> payload)
    {
        var header = payload.Length < 126 ? 6 : 8;
        var length = header + payload.Length;
        if (_sent.Length < length)
        {
            _sent = new byte[length];
        }

        WriteFrame(payload.Span, header);
        BytesUp += payload.Length;
        await _socket.SendAsync(_sent.AsMemory(0, length), SocketFlags.None);
    }

    /// <summary>The payload of the next frame; valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync()
    {
        while (true)
        {
            if (TryReadHeader(out var header, out var length) && _end - _start >= header + length)
            {
                var payload = _received.AsMemory(_start + header, length);
                _start += header + length;
                BytesDown += length;
                return payload;
            }

            await FillAsync();
        }
    }

    public void Dispose() => _socket.Dispose();

    private void WriteFrame(ReadOnlySpan<byte> payload, int header)
    {
        _sent[0] = 0x81;
        if (header == 6)
        {
            _sent[1] = (byte)(0x80 | payload.Length);
        }
        else
        {
            _sent[1] = 0x80 | 126;
            BinaryPrimitives.WriteUInt16BigEndian(_sent.AsSpan(2), (ushort)payload.Length);
        }

        Mask.CopyTo(_sent, header - 4);
        for (var i = 0; i < payload.Length; i++)
        {
            _sent[header + i] = (byte)(payload[i] ^ Mask[i & 3]);
        }
    }

    private bool TryReadHeader(out int header, out int length)
    {
        (header, length) = (2, 0);
        var frame = _received.AsSpan(_start, _end - _start);
        if (frame.Length < 2)
        {
            return false;
        }

        if (frame[0] != 0x81)
        {
            throw new InvalidOperationException($"The server sent a frame that begins with {frame[0]:x2}: it closes. The run cannot go on.");
        }

        (header, length) = frame[1] switch
        {
            126 when frame.Length >= 4 => (4, BinaryPrimitives.ReadUInt16BigEndian(frame[2..])),
            127 when frame.Length >= 10 => (10, (int)BinaryPrimitives.ReadUInt64BigEndian(frame[2..])),
            126 or 127 => (int.MaxValue / 2, 0),
            var small => (2, small),
        };
        return true;
    }

    private async ValueTask FillAsync()
    {
        if (_start > 0)
        {
            _received.AsSpan(_start, _end - _start).CopyTo(_received);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _received.Length)
        {
            Array.Resize(ref _received, _received.Length * 2);
        }

        var count = await _socket.ReceiveAsync(_received.AsMemory(_end), SocketFlags.None);
        _end += count > 0 ? count : throw new IOException("The server has closed the connection.");
    }
}
