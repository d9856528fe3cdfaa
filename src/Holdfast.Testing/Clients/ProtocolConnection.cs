using System.Net.WebSockets;
using System.Text;

namespace Holdfast.Testing.Clients;

/// <summary>One socket of a client. Owns the socket and the loop that reads it; frames are handed on in order, one at a
/// time.</summary>
public sealed class ProtocolConnection : IAsyncDisposable
{
    private readonly WebSocket _socket;
    private readonly Func<string, Task> _receive;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _stop = new();
    private volatile TaskCompletionSource? _pause;
    private int _isDisposed;

    internal ProtocolConnection(WebSocket socket, Func<string, Task> receive)
    {
        _socket = socket;
        _receive = receive;
        Closed = Task.Run(ReceiveAllAsync);
    }

    /// <summary>Completes when nothing more will be received: with the close code, or <see langword="null"/> when the
    /// connection was lost without one. Never fails.</summary>
    public Task<int?> Closed { get; }

    /// <summary>Whether frames can still be received.</summary>
    public bool IsOpen => !Closed.IsCompleted;

    /// <summary>Why reading ended, when it did not end by a close.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>How many bytes of frames were received.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>How many bytes of frames were sent.</summary>
    public long BytesSent { get; private set; }

    /// <summary>Stops reading after the frame that is being read: a client that drains nothing.</summary>
    public void Pause() => _pause ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Reads again.</summary>
    public void Resume() => Interlocked.Exchange(ref _pause, null)?.TrySetResult();

    /// <summary>Sends one message. Messages go out whole and in the order of the calls.</summary>
    public async Task SendAsync(
        ReadOnlyMemory<byte> message, WebSocketMessageType type, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await _socket.SendAsync(message, type, endOfMessage: true, cancellationToken);
            BytesSent += message.Length;
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Closes in order, as a page that goes away does.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
        }

        Resume();
        await Closed.WaitAsync(cancellationToken);
    }

    /// <summary>Drops the connection without a close, as a lost network does; nothing once that has been done.</summary>
    public void Abort()
    {
        if (Closed.IsCompleted)
        {
            return;
        }

        _socket.Abort();
        _stop.Cancel();
        Resume();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
        {
            return;
        }

        Abort();
        await Closed;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task<int?> ReceiveAllAsync()
    {
        var buffer = new byte[16 * 1024];
        using var message = new MemoryStream();
        try
        {
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer, _stop.Token);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    await AnswerCloseAsync();
                    return (int?)_socket.CloseStatus;
                }

                message.Write(buffer, 0, part.Count);
                if (part.EndOfMessage)
                {
                    BytesReceived += message.Length;
                    await _receive(Encoding.UTF8.GetString(message.GetBuffer(), 0, (int)message.Length));
                    message.SetLength(0);
                }

                await (_pause?.Task ?? Task.CompletedTask);
            }
        }
        catch (Exception exception)
        {
            Failure = exception;
            return null;
        }
    }

    private async Task AnswerCloseAsync()
    {
        if (_socket.State == WebSocketState.CloseReceived)
        {
            await _socket.CloseOutputAsync(
                _socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, null, _stop.Token);
        }
    }
}
