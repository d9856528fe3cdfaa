using System.Net.Sockets;
using System.Threading.Channels;

namespace Holdfast.Testing.Network;

/// <summary>One connection through a <see cref="FaultProxy"/>. Owns its two sockets. Any thread may call any member.</summary>
public sealed class ProxiedConnection : IAsyncDisposable
{
    private const int ChunkBytes = 4096;

    /// <summary>How much is kept of a direction that is held, before its sender is made to wait: 1 MiB.</summary>
    private const int MaxChunks = 256;

    private readonly FaultProxy _proxy;
    private readonly Socket _client;
    private readonly Socket _server;
    private readonly CancellationTokenSource _stop = new();
    private readonly Gate[] _held = [new(), new()];
    private long _bytesToServer;
    private long _bytesToClient;
    private int _cut;
    private volatile bool _drops;

    internal ProxiedConnection(FaultProxy proxy, Socket client, Socket server, int targetPort)
    {
        (_proxy, _client, _server, TargetPort) = (proxy, client, server, targetPort);
        _client.NoDelay = _server.NoDelay = true;
        Ended = Task.WhenAll(PassOnAsync(Direction.ToServer), PassOnAsync(Direction.ToClient))
            .ContinueWith(_ => CloseSockets(), TaskScheduler.Default);
    }

    /// <summary>The port that it was forwarded to.</summary>
    public int TargetPort { get; }

    /// <summary>Completes when both directions have ended. Never fails.</summary>
    public Task Ended { get; }

    /// <summary>Whether all its bytes are taken and lost without a sign.</summary>
    public bool Drops
    {
        get => _drops;
        set => _drops = value;
    }

    /// <summary>How many bytes were passed on to the server.</summary>
    public long BytesToServer => Interlocked.Read(ref _bytesToServer);

    /// <summary>How many bytes were passed on to the client.</summary>
    public long BytesToClient => Interlocked.Read(ref _bytesToClient);

    /// <summary>Passes nothing on in this direction until <see cref="Release"/>; what comes meanwhile is kept.</summary>
    public void Hold(Direction direction) => _held[(int)direction].Close();

    /// <summary>Passes on again, first what was kept; the proxy's own hold still counts.</summary>
    public void Release(Direction direction) => _held[(int)direction].Open();

    /// <summary>Cuts the connection towards both sides; what was kept is lost. Later calls do nothing.</summary>
    public void Cut(CutKind kind = CutKind.Reset)
    {
        if (Interlocked.Exchange(ref _cut, 1) == 1 || Ended is { IsCompleted: true })
        {
            return;
        }

        foreach (var socket in (Socket[])[_client, _server])
        {
            CutSocket(socket, kind);
        }

        _stop.Cancel();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Cut();
        await Ended;
    }

    private async Task PassOnAsync(Direction direction)
    {
        var (from, to) = direction == Direction.ToServer ? (_client, _server) : (_server, _client);
        var chunks = Channel.CreateBounded<Chunk>(MaxChunks);
        await Task.WhenAll(ReadAsync(from, chunks.Writer, direction), WriteAsync(chunks.Reader, to, direction));
    }

    private async Task ReadAsync(Socket from, ChannelWriter<Chunk> chunks, Direction direction)
    {
        try
        {
            while (true)
            {
                var buffer = new byte[ChunkBytes];
                var count = await from.ReceiveAsync(buffer, _stop.Token);
                if (count == 0)
                {
                    break;
                }

                if (!Drops && !_proxy.Drops)
                {
                    await chunks.WriteAsync(new Chunk(buffer.AsMemory(0, count), _proxy.Now + _proxy.DelayOf(direction)), _stop.Token);
                }
            }
        }
        catch (SocketException)
        {
            // One side reset the connection: so does the proxy, towards the other.
            Cut();
        }
        catch (Exception exception) when (exception is ObjectDisposedException or OperationCanceledException)
        {
            // It was cut.
        }
        finally
        {
            chunks.Complete();
        }
    }

    private async Task WriteAsync(ChannelReader<Chunk> chunks, Socket to, Direction direction)
    {
        try
        {
            await foreach (var chunk in chunks.ReadAllAsync(_stop.Token))
            {
                if (chunk.Due - _proxy.Now is { Ticks: > 0 } rest)
                {
                    await _proxy.WaitAsync(rest, _stop.Token);
                }

                await _proxy.PassAsync(direction, _stop.Token);
                await _held[(int)direction].PassAsync(_stop.Token);
                _proxy.Count(direction, chunk.Bytes.Length);
                Interlocked.Add(ref direction == Direction.ToServer ? ref _bytesToServer : ref _bytesToClient, chunk.Bytes.Length);
                await SendAllAsync(to, chunk.Bytes);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            Cut();
        }
        catch (Exception exception) when (exception is ObjectDisposedException or OperationCanceledException)
        {
            // It was cut.
        }
    }

    private async Task SendAllAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await to.SendAsync(bytes, _stop.Token)..];
        }
    }

    private static void CutSocket(Socket socket, CutKind kind)
    {
        try
        {
            if (kind == CutKind.Reset)
            {
                socket.LingerState = new LingerOption(true, 0);
                socket.Close();
            }
            else
            {
                socket.Shutdown(SocketShutdown.Both);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // That side is gone already.
        }
    }

    private void CloseSockets()
    {
        _client.Dispose();
        _server.Dispose();
    }

    private readonly record struct Chunk(ReadOnlyMemory<byte> Bytes, DateTimeOffset Due);
}
