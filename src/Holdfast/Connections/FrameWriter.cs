using System.Net.WebSockets;
using Holdfast.Protocol;

namespace Holdfast.Connections;

/// <summary>
/// The one writer of a socket, over a bounded queue. A frame that finds the socket idle is sent by the caller itself; others wait their turn.
/// Thread-safe; nothing here blocks.
/// </summary>
internal sealed class FrameWriter(WebSocket socket, int capacity, TimeSpan slowClientTimeout, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Queue<ServerFrame> _queue = new();
    private bool _isSending;
    private bool _isClosed;
    private bool _wasFull;
    private (int Code, string Reason)? _close;

    /// <summary>Is called, on the sending thread, when everything that was queued while the buffer was full is sent.</summary>
    public Action? Drained { get; init; }

    /// <summary>Is called when the client drained nothing for too long, or the socket failed.</summary>
    public Action? Failed { get; init; }

    public bool IsFull
    {
        get
        {
            lock (_gate)
            {
                _wasFull |= _queue.Count >= capacity;
                return _queue.Count >= capacity;
            }
        }
    }

    /// <summary>Sends a frame, or queues it. A frame for a closed connection is dropped: what it said comes again at the next join.</summary>
    public void Send(ServerFrame frame)
    {
        lock (_gate)
        {
            if (_isClosed || _close is not null)
            {
                frame.Return();
                return;
            }

            if (_isSending)
            {
                _queue.Enqueue(frame);
                return;
            }

            _isSending = true;
        }

        Pump(frame);
    }

    /// <summary>Closes the socket after what is queued.</summary>
    public void Close(int code, string reason)
    {
        lock (_gate)
        {
            if (_isClosed || _close is not null)
            {
                return;
            }

            _close = (code, reason);
            if (_isSending)
            {
                return;
            }

            _isSending = true;
        }

        _ = FinishAsync();
    }

    /// <summary>Drops everything: the connection is gone.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _isClosed = true;
            while (_queue.TryDequeue(out var frame))
            {
                frame.Return();
            }
        }
    }

    private void Pump(ServerFrame frame)
    {
        while (true)
        {
            ValueTask sending;
            try
            {
                sending = socket.SendAsync(frame.Memory, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            }
            catch (Exception exception) when (IsConnectionLoss(exception))
            {
                frame.Return();
                Fail();
                return;
            }

            if (!sending.IsCompletedSuccessfully)
            {
                _ = ContinueAsync(sending, frame);
                return;
            }

            frame.Return();
            if (!TryNext(out frame))
            {
                return;
            }
        }
    }

    private async Task ContinueAsync(ValueTask sending, ServerFrame frame)
    {
        try
        {
            await sending.AsTask().WaitAsync(slowClientTimeout, time).ConfigureAwait(false);
            frame.Return();
        }
        catch (Exception exception) when (exception is TimeoutException || IsConnectionLoss(exception))
        {
            Fail(); // The socket may still hold the frame's array, so it is not given back.
            return;
        }

        if (TryNext(out var next))
        {
            Pump(next);
        }
    }

    private bool TryNext(out ServerFrame frame)
    {
        bool drained;
        bool finishes;
        lock (_gate)
        {
            if (!_isClosed && _queue.TryDequeue(out frame))
            {
                return true;
            }

            frame = default;
            _isSending = finishes = _close is not null && !_isClosed;
            drained = _wasFull;
            _wasFull = false;
        }

        if (finishes)
        {
            _ = FinishAsync();
        }
        else if (drained)
        {
            Drained?.Invoke();
        }

        return false;
    }

    private async Task FinishAsync()
    {
        var (code, reason) = _close!.Value;
        try
        {
            await socket.CloseOutputAsync((WebSocketCloseStatus)code, reason, CancellationToken.None).WaitAsync(slowClientTimeout, time).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TimeoutException || IsConnectionLoss(exception))
        {
            Fail();
        }
    }

    private void Fail()
    {
        Abandon();
        Failed?.Invoke();
    }

    private static bool IsConnectionLoss(Exception exception) =>
        exception is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;
}
