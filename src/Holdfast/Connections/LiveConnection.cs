using System.Net.WebSockets;
using System.Security.Claims;
using Holdfast.Diagnostics;
using Holdfast.Protocol;
using Holdfast.Sessions;

namespace Holdfast.Connections;

/// <summary>Checks what a joining document claims.</summary>
internal interface IJoinGate
{
    /// <summary>Opens a ticket and checks that its holder may have the page.</summary>
    /// <returns>The page's address, or the error code and close code of the refusal.</returns>
    ValueTask<(PageAddress? Address, string? Error, int CloseCode)> CheckAsync(string ticket);
}

/// <summary>What every connection of this node shares.</summary>
internal sealed record ConnectionServices(
    PageMounter Mounter,
    PageRegistry Pages,
    ConnectionMetrics Metrics,
    TimeProvider Time,
    int MaxFrameBytes,
    int SendBufferSize,
    TimeSpan SlowClientTimeout,
    TimeSpan JoinTimeout);

/// <summary>
/// One socket: reads frames and passes them to the page that is mounted for its document, and is that page's <see cref="IPageClient"/>. Step 5 of docs/tour.md.
/// </summary>
/// <remarks>
/// <para>Join: the ticket is checked; the instance that the document knew is taken if it waits on this node, else the page is mounted
/// anew from its stored state; <c>joined</c> goes out, <c>fields</c> come in, and then the unacked events.</para>
/// <para>Events that come between a <c>joined</c> and its <c>fields</c> are dropped: they were sent before the document knew of the join, and come again.</para>
/// </remarks>
internal sealed class LiveConnection : IPageClient
{
    /// <summary>Pages that fail one after another, without a new event in between, before the connection is closed. Chosen: one for the fault, one for
    /// a resent event, one for the fields.</summary>
    private const int MaxRemounts = 4;

    private readonly WebSocket _socket;
    private readonly ConnectionServices _services;
    private readonly IJoinGate _gate;
    private readonly ClaimsPrincipal _user;
    private readonly FrameWriter _writer;
    private readonly FrameReader _reader;
    private readonly CancellationTokenSource _closed;
    private JoinFrame _join = null!;
    private PageAddress _address = null!;
    private volatile MountedPage? _page;
    private int _owedFields;
    private volatile bool _isMounting;
    private volatile bool _isTakenOver;
    private bool _isRecovered;
    private int _remounts;
    private long _highestRef;
    private bool _hasLeft;
    private bool _isRenewing;
    private long _lastReceived;

    public LiveConnection(WebSocket socket, ConnectionServices services, IJoinGate gate, ClaimsPrincipal user, CancellationToken aborted)
    {
        _socket = socket;
        _services = services;
        _gate = gate;
        _user = user;
        _closed = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        _writer = new FrameWriter(socket, services.SendBufferSize, services.SlowClientTimeout, services.Time)
        {
            Drained = () => _page?.OnDrained(this),
            Failed = Abort,
        };
        _reader = new FrameReader(socket, services.MaxFrameBytes);
        _lastReceived = services.Time.GetTimestamp();
    }

    public bool IsFull => _writer.IsFull;

    /// <summary>How long nothing was received.</summary>
    public TimeSpan Silence => _services.Time.GetElapsedTime(Volatile.Read(ref _lastReceived));

    /// <summary>Serves the socket until it ends.</summary>
    public async Task RunAsync()
    {
        try
        {
            if (await JoinAsync().ConfigureAwait(false))
            {
                await ReadAsync().ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The connection is lost; that is how most of them end.
        }
        finally
        {
            _writer.Abandon();
            await _closed.CancelAsync().ConfigureAwait(false);
            _page?.Detach(this);
        }
    }

    /// <summary>Ends the connection at once.</summary>
    public void Abort()
    {
        _closed.Cancel();
        _socket.Abort();
    }

    /// <summary>Has the document fetch its page, and with it another ticket and cookie, in the background; it joins again and takes up the same instance.</summary>
    public void RenewIfOld()
    {
        if (_address is { RenewAt: { } due } && _services.Time.GetUtcNow() >= due && !_isRenewing)
        {
            _isRenewing = true;
            _writer.Send(ServerFrame.Error(ErrorCode.Ticket, 0, ""));
            _writer.Close(CloseCode.Ticket, ErrorCode.Ticket);
        }
    }

    /// <summary>Tells the document that this server stops, and closes.</summary>
    public void GoAway(string reason, TimeSpan within)
    {
        _writer.Send(ServerFrame.GoAway(reason, within));
        _writer.Close(CloseCode.GoingAway, reason);
    }

    // ---- join ----

    private async Task<bool> JoinAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_closed.Token);
        using var timer = _services.Time.CreateTimer(static limit => ((CancellationTokenSource)limit!).Cancel(), limit, _services.JoinTimeout, Timeout.InfiniteTimeSpan);
        var (outcome, frame) = await _reader.ReadAsync(limit.Token).ConfigureAwait(false);
        if (outcome != ReadOutcome.Frame || frame.Join is not { } join)
        {
            await RefuseAsync(outcome).ConfigureAwait(false);
            return false;
        }

        var (address, error, closeCode) = await _gate.CheckAsync(join.Ticket).ConfigureAwait(false);
        if (address is null)
        {
            await EndAsync(error!, closeCode).ConfigureAwait(false);
            return false;
        }

        _join = join with { Ticket = "" }; // It is long, and not needed again.
        _address = address;
        try
        {
            if (join.Instance is { } instance && _services.Pages.TryTake(instance, address, join.Tab, join.Document, out var waiting))
            {
                _isRecovered = true;
                _page = waiting;
                _services.Metrics.Joined("recovered");
                await waiting.ConnectAsync(this, join.Digest, join.Sequence, isRecovered: true).WaitAsync(_closed.Token).ConfigureAwait(false);
                return true;
            }

            var page = await MountAsync(MountReason.Join, acked: join.Next - 1, settled: 0).ConfigureAwait(false);
            _services.Metrics.Joined(page.Found.ToString().ToLowerInvariant());
            await page.ConnectAsync(this, join.Digest, join.Sequence, isRecovered: false).WaitAsync(_closed.Token).ConfigureAwait(false);
            return true;
        }
        catch (UnreadStateException)
        {
            GiveWay();
            await DrainAsync().ConfigureAwait(false);
            return false;
        }
        catch (ForeignRecordException exception)
        {
            var (code, close) = RefusalOf(exception);
            await EndAsync(code, close).ConfigureAwait(false);
            return false;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            _services.Metrics.JoinFailed(address.PageType, exception);
            await EndAsync(ErrorCode.Failed, CloseCode.TryAgainLater).ConfigureAwait(false);
            return false;
        }
    }

    private async Task<MountedPage> MountAsync(MountReason reason, long acked, long settled)
    {
        var identity = new PageIdentity(InstanceName.New(), _join.Tab, _join.Document);
        var page = await _services.Mounter.MountAsync(
            _address,
            identity,
            _user,
            new MountTerms(reason)
            {
                IsFresh = _join.IsFresh && reason == MountReason.Join && _page is null,
                ExpectsState = (_join.IsRejoin && _join.Next > 1) || _page is not null,
                Acked = acked,
                Settled = settled,
            },
            _closed.Token).ConfigureAwait(false);
        _page = page;
        return page;
    }

    void IPageClient.Remount(MountedPage page, MountReason reason) => _ = RemountAsync(page, reason);

    private async Task RemountAsync(MountedPage failed, MountReason reason)
    {
        try
        {
            _isMounting = true;
            _services.Pages.End(failed);
            if (reason == MountReason.Crash && ++_remounts > MaxRemounts)
            {
                GiveUp();
                return;
            }

            await Task.Yield();
            _isRecovered = false;
            var page = await MountAsync(reason, failed.Acked, reason == MountReason.Crash ? failed.Settled : 0).ConfigureAwait(false);
            await page.ConnectAsync(this, digest: null, failed.Sequence, isRecovered: false).ConfigureAwait(false);
            if (_closed.IsCancellationRequested)
            {
                page.Detach(this);
            }
        }
        catch (UnreadStateException)
        {
            GiveWay();
        }
        catch (ForeignRecordException exception)
        {
            var (code, close) = RefusalOf(exception);
            _writer.Send(ServerFrame.Error(code, 0, ""));
            _writer.Close(close, code);
        }
        catch (Exception exception)
        {
            if (!_closed.IsCancellationRequested)
            {
                _services.Metrics.JoinFailed(_address.PageType, exception);
            }

            GiveUp();
        }
    }

    private void GiveUp()
    {
        _writer.Send(ServerFrame.Error(ErrorCode.Failed, 0, ""));
        _writer.Close(CloseCode.TryAgainLater, ErrorCode.Failed);
    }

    /// <summary>Somebody signed in or out, or the state was deleted: the document fetches another ticket, or is loaded anew.</summary>
    private static (string Code, int CloseCode) RefusalOf(ForeignRecordException exception) =>
        exception.IsRenewable ? (ErrorCode.Ticket, CloseCode.Ticket) : (ErrorCode.Forbidden, CloseCode.Forbidden);

    /// <summary>Another build has written the state: the document keeps what it has, and joins again, with back-off, perhaps on a node that takes it.</summary>
    private void GiveWay()
    {
        _writer.Send(ServerFrame.GoAway("newer", TimeSpan.Zero));
        _writer.Close(CloseCode.TryAgainLater, "newer");
    }

    // ---- frames ----

    private async Task ReadAsync()
    {
        while (true)
        {
            var (outcome, frame) = await _reader.ReadAsync(_closed.Token).ConfigureAwait(false);
            Volatile.Write(ref _lastReceived, _services.Time.GetTimestamp());
            if (outcome != ReadOutcome.Frame || !Handle(frame))
            {
                await RefuseAsync(outcome).ConfigureAwait(false);
                return;
            }
        }
    }

    /// <returns>False when the frame is a protocol error, or the last one.</returns>
    private bool Handle(in ClientFrame frame)
    {
        if (_isTakenOver)
        {
            return true; // The page listens to another connection now; the close is under way.
        }

        switch (frame.Kind)
        {
            case ClientFrameKind.Event:
                if (Volatile.Read(ref _owedFields) == 0 && !_isMounting)
                {
                    if (frame.Event.Ref > _highestRef)
                    {
                        _highestRef = frame.Event.Ref;
                        _remounts = 0; // Something new, and not what failed coming again.
                    }

                    _page!.Receive(this, frame.Event);
                }

                return true;
            case ClientFrameKind.Fields:
                return HandleFields(frame.Fields!);
            case ClientFrameKind.Ping:
                _writer.Send(ServerFrame.Pong());
                return true;
            case ClientFrameKind.Ack:
                return true;
            case ClientFrameKind.Leave:
                _hasLeft = true;
                _services.Pages.End(_page!);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Each <c>joined</c> is answered by one <c>fields</c>; only the answer to the last one counts.</summary>
    private bool HandleFields(List<FieldEntry> fields)
    {
        if (Volatile.Read(ref _owedFields) == 0)
        {
            return false;
        }

        if (Interlocked.Decrement(ref _owedFields) == 0 && !_isMounting)
        {
            _page!.UseTimeZone(_join.TimeZone);
            _page.ReceiveFields(fields, _isRecovered);
        }

        return true;
    }

    private async Task RefuseAsync(ReadOutcome outcome)
    {
        switch (outcome)
        {
            case ReadOutcome.Closed:
                _writer.Close((int)WebSocketCloseStatus.NormalClosure, "");
                break;
            case ReadOutcome.TooBig:
                _services.Metrics.Violation("too-big");
                await EndAsync(ErrorCode.TooBig, CloseCode.TooBig).ConfigureAwait(false);
                break;
            default:
                _services.Metrics.Violation("bad-frame");
                await EndAsync(ErrorCode.BadFrame, CloseCode.Violation).ConfigureAwait(false);
                break;
        }
    }

    /// <summary>Says why, closes, and waits.</summary>
    private async Task EndAsync(string code, int closeCode)
    {
        _writer.Send(ServerFrame.Error(code, 0, ""));
        _writer.Close(closeCode, code);
        await DrainAsync().ConfigureAwait(false);
    }

    /// <summary>Waits a while for the other side to close too.</summary>
    private async Task DrainAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), _services.Time);
            while (await _reader.ReadAsync(limit.Token).ConfigureAwait(false) is { Outcome: not ReadOutcome.Closed })
            {
            }
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }

    // ---- as the page sees it ----

    void IPageClient.Send(ServerFrame frame) => _writer.Send(frame);

    void IPageClient.SendJoined(ServerFrame frame)
    {
        Interlocked.Increment(ref _owedFields);
        _isMounting = false; // Before the answer can come.
        _writer.Send(frame);
    }

    void IPageClient.Ended(MountedPage page)
    {
        if (ReferenceEquals(_page, page) && !_isMounting && !_hasLeft)
        {
            _writer.Close(CloseCode.TryAgainLater, "ended");
        }
    }

    void IPageClient.TakenOver()
    {
        _isTakenOver = true;
        _writer.Close(CloseCode.TakenOver, "taken over");
    }
}
