using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AngleSharp.Dom;

namespace Holdfast.Testing.Clients;

/// <summary>
/// One document in one tab of a browser, without the browser: loads a page, speaks the protocol, keeps the DOM up to date
/// and tracks refs and acks. It does by itself what the script in the page does, but never rejoins unasked, and lets a
/// test send anything.
/// </summary>
/// <remarks>
/// <para>Members may be called while frames arrive. Every wait fails after <see cref="ProtocolClientOptions.Deadline"/>
/// with a message that tells what came instead; a frame that breaks the protocol fails every wait from then on.</para>
/// <para>Disposing drops the socket without a close; cookies and tab go on to <see cref="OpenTab"/> and the next page.</para>
/// </remarks>
public sealed class ProtocolClient : IAsyncDisposable
{
    private const int PatchesBeforeAck = 8;
    private const int GoingAway = 1001;
    private static readonly TimeSpan BareAckAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ResendAtMostEvery = TimeSpan.FromMilliseconds(250);

    private readonly ProtocolClientOptions _options;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _sendingEvents = new(1);
    private readonly List<ServerFrame> _inbox = [];
    private readonly List<ServerFrame> _frames = [];
    private readonly ITimer _ackTimer;
    private readonly ITimer _pingTimer;
    private readonly ITimer _resendTimer;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PendingEvents _events = new();
    private LiveDocument? _page;
    private ProtocolConnection? _connection;
    private Exception? _fault;
    private bool _takesEvents;
    private bool _goesAway;
    private int _patchesSinceAck;
    private (long Ref, long Due)? _resend;
    private (long Ref, long At) _resent;

    /// <summary>A client that has loaded nothing yet.</summary>
    public ProtocolClient(ProtocolClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        Tab = options.Tab ?? RandomId();
        Document = RandomId();
        Http = new HttpClient(
            new BrowserHandler(options.Handler ?? NewHandler(), options.Cookies), disposeHandler: options.Handler is null)
        {
            BaseAddress = options.BaseAddress,
            Timeout = options.Deadline,
        };
        _ackTimer = TimerFor(BareAckAsync);
        _pingTimer = TimerFor(() => SendFrameAsync(CancellationToken.None, "ping"));
        _resendTimer = TimerFor(ResendAfterWaitAsync);
    }

    /// <summary>Sends requests as the browser does: with its cookies, following redirects.</summary>
    public HttpClient Http { get; }

    /// <summary>The browser's cookies.</summary>
    public CookieContainer Cookies => _options.Cookies;

    /// <summary>The tab's id.</summary>
    public string Tab { get; }

    /// <summary>The document's id; a new one at each <see cref="GetPageAsync"/>.</summary>
    public string Document { get; set; }

    /// <summary>How the document came to be, as its next first <c>join</c> says.</summary>
    public string Navigation { get; set; } = "navigate";

    /// <summary>The ticket that the next <c>join</c> sends.</summary>
    public string? Ticket { get; set; }

    /// <summary>The origin that the socket request names; default: the page's own.</summary>
    public string? Origin { get; set; }

    /// <summary>The address of the loaded page, after redirects.</summary>
    public Uri? Address { get; private set; }

    /// <summary>The page.</summary>
    /// <exception cref="InvalidOperationException">None is loaded.</exception>
    public LiveDocument Page => _page ?? throw new InvalidOperationException(
        "No page is loaded. A document begins with one. Call 'GetPageAsync' first.");

    /// <summary>The socket of now, or the last one.</summary>
    /// <exception cref="InvalidOperationException">There was none yet.</exception>
    public ProtocolConnection Connection => _connection ?? throw new InvalidOperationException(
        "The client has no socket. It opens one only when asked. Call 'JoinAsync', or 'ConnectAsync' first.");

    /// <summary>The last <c>joined</c> of this document.</summary>
    public JoinedFrame? Joined { get; private set; }

    /// <summary>The last patch that was applied.</summary>
    public long Sequence { get; private set; }

    /// <summary>The last ref that was given to an event.</summary>
    public long LastRef => Locked(() => _events.LastRef);

    /// <summary>The highest ref that was acked.</summary>
    public long Acked => Locked(() => _events.Acked);

    /// <summary>The refs of the events that are not acked, in order.</summary>
    public IReadOnlyList<long> Unacked => Locked(() => _events.Refs);

    /// <summary>The refs of this document's events that failed, in order: those that the server refused, and those that were not sent again after two deaths of servers, of
    /// which nobody knows whether they happened.</summary>
    public IReadOnlyList<long> Failed => Locked(() => _events.Failed);

    /// <summary>The last event that a patch has handled.</summary>
    public long Handled { get; private set; }

    /// <summary>All frames of this document so far, over all its sockets.</summary>
    public IReadOnlyList<ServerFrame> Frames => Locked<IReadOnlyList<ServerFrame>>(() => [.. _frames]);

    /// <summary>The errors among them, of events and of connections.</summary>
    public IReadOnlyList<ErrorFrame> Errors => Locked<IReadOnlyList<ErrorFrame>>(() => [.. _frames.OfType<ErrorFrame>()]);

    /// <summary>The live part as HTML.</summary>
    public string Html => Locked(() => Page.Html);

    /// <summary>The digest of what the page shows.</summary>
    public string PageDigest => Locked(() => Page.Digest);

    /// <summary>Another tab of the same browser. The caller disposes it.</summary>
    public ProtocolClient OpenTab() => new(_options with { Tab = null });

    /// <summary>Loads a page: a new document in this tab. The socket of the last one is dropped.</summary>
    /// <returns>The answer, with its content read. A page without a live part (an error, a sign-in form) loads nothing.</returns>
    public Task<HttpResponseMessage> GetPageAsync(string url, CancellationToken cancellationToken = default) =>
        LoadAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(url, UriKind.RelativeOrAbsolute)), "navigate", cancellationToken);

    /// <summary>Loads the page anew, as a reload does: the same tab, a new document.</summary>
    public Task<HttpResponseMessage> ReloadAsync(CancellationToken cancellationToken = default) =>
        LoadAsync(new HttpRequestMessage(HttpMethod.Get, Address), "reload", cancellationToken);

    /// <summary>Posts a form as a browser does: what its controls hold, and those given by name.</summary>
    /// <param name="formSelector">The form.</param>
    /// <param name="values">Further values, or others; the pressed button's name among them.</param>
    /// <param name="namesTab">Whether the script is there, which adds the tab's id.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public async Task<HttpResponseMessage> PostAsync(
        string formSelector, IReadOnlyDictionary<string, string> values, bool namesTab = false, CancellationToken cancellationToken = default)
    {
        var (address, fields) = Locked(() =>
        {
            var form = Page.Get(formSelector);
            return (form.GetAttribute("action") is { Length: > 0 } action ? new Uri(Address!, action) : Address!, FieldsOf(form, values));
        });
        if (namesTab)
        {
            fields.Add(KeyValuePair.Create("holdfast-tab", Tab));
        }

        var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new FormUrlEncodedContent(fields) };
        request.Headers.Add("Origin", Address!.GetLeftPart(UriPartial.Authority));
        return await LoadAsync(request, "navigate", cancellationToken);
    }

    /// <summary>Opens a socket at the page's address and sends nothing. The last one is dropped.</summary>
    /// <exception cref="SocketRefusedException">The server answered with a status.</exception>
    public async Task ConnectAsync(CancellationToken cancellationToken = default)
    {
        await DropAsync();
        using var deadline = Deadline(cancellationToken);
        var http = new Uri(Address ?? _options.BaseAddress, _page?.Socket ?? "/_holdfast");
        var request = new SocketRequest(
            new UriBuilder(http) { Scheme = http.Scheme == "https" ? "wss" : "ws" }.Uri,
            Origin ?? http.GetLeftPart(UriPartial.Authority),
            Cookies.GetCookieHeader(http));
        var socket = await (_options.Connect ?? OpenSocketAsync)(request, deadline.Token);
        lock (_gate)
        {
            _inbox.Clear();
            _takesEvents = false;
            _connection = new ProtocolConnection(socket, ReceiveAsync);
        }

        _ = _connection.Closed.ContinueWith(_ => Locked(Changed), TaskScheduler.Default);
    }

    /// <summary>Opens a socket unless there is one, joins, and answers with <c>fields</c> and the unacked events.</summary>
    /// <param name="change">Alters the frame's object before it is sent, for tests of what the server must refuse.</param>
    /// <param name="cancellationToken">Ends the wait before the deadline does.</param>
    /// <exception cref="InvalidOperationException">The server closed instead; the message says how.</exception>
    public async Task<JoinedFrame> JoinAsync(Action<JsonObject>? change = null, CancellationToken cancellationToken = default)
    {
        if (_connection is not { IsOpen: true })
        {
            await ConnectAsync(cancellationToken);
        }

        await SendJoinAsync(change, cancellationToken);
        return await ReceiveAsync<JoinedFrame>(cancellationToken: cancellationToken);
    }

    /// <summary>Drops the socket, opens another and joins again: the same document, from its first unacked event.</summary>
    public async Task<JoinedFrame> RejoinAsync(CancellationToken cancellationToken = default)
    {
        await DropAsync();
        return await JoinAsync(null, cancellationToken);
    }

    /// <summary>Sends <c>join</c> and waits for nothing.</summary>
    public Task SendJoinAsync(Action<JsonObject>? change = null, CancellationToken cancellationToken = default)
    {
        var join = Locked(JoinBody);
        change?.Invoke(join);
        return SendFrameAsync(cancellationToken, "join", join);
    }

    /// <summary>Sends <c>fields</c> with the touched controls; done by itself unless
    /// <see cref="ProtocolClientOptions.AnswersJoined"/> is off.</summary>
    public Task SendFieldsAsync(CancellationToken cancellationToken = default) =>
        SendRawAsync(Locked(FieldsFrame), cancellationToken);

    /// <summary>Sends again all unacked events from a ref on (0: from what the last <c>joined</c> said), and new ones
    /// from now on.</summary>
    public async Task ResendAsync(long from = 0, CancellationToken cancellationToken = default)
    {
        await _sendingEvents.WaitAsync(cancellationToken);
        try
        {
            var events = Locked(() =>
            {
                _takesEvents = true;
                return _events.From(from > 0 ? from : _events.Taken);
            });
            foreach (var pending in events)
            {
                await SendPendingAsync(pending, cancellationToken);
            }
        }
        finally
        {
            _sendingEvents.Release();
        }
    }

    /// <summary>Clicks. A submit button also submits its form, unless a handler prevents it.</summary>
    /// <returns>The ref of the last event that this made.</returns>
    public async Task<long> ClickAsync(string selector, CancellationToken cancellationToken = default)
    {
        var (element, form) = Locked(() =>
        {
            var target = Page.Get(selector);
            Page.Controls.Focus(target);
            return (target, Forms.SubmittedBy(target));
        });
        var payload = new JsonObject { ["detail"] = 1 };
        return form is null
            ? await FireAsync(element, "click", payload, cancellationToken)
            : await ClickToSubmitAsync(element, form, payload, cancellationToken);
    }

    /// <summary>Types: the control holds the value, and its <c>input</c> handlers hear of it.</summary>
    /// <returns>The ref of the last event that this made; 0 when the control has no such handler.</returns>
    public Task<long> InputAsync(string selector, FieldValue value, CancellationToken cancellationToken = default) =>
        PutAsync(selector, value, "input", cancellationToken);

    /// <summary>Commits a value: the control holds it, and its <c>change</c> handlers hear of it. For a radio button,
    /// <see langword="true"/> or its value.</summary>
    /// <returns>The ref of the last event that this made; 0 when the control has no such handler.</returns>
    public Task<long> ChangeAsync(string selector, FieldValue value, CancellationToken cancellationToken = default) =>
        PutAsync(selector, value, "change", cancellationToken);

    /// <summary>Submits a form.</summary>
    /// <returns>The event's ref.</returns>
    public Task<long> SubmitAsync(string selector, CancellationToken cancellationToken = default) =>
        FireAsync(selector, "submit", null, cancellationToken);

    /// <summary>Takes the focus away from whatever control has it.</summary>
    public void Blur() => Locked(() => Page.Controls.Focus(null));

    /// <summary>Lets a DOM event happen at an element: one event for each handler on its way up.</summary>
    /// <param name="selector">The target.</param>
    /// <param name="name">The DOM's name of the event.</param>
    /// <param name="properties">What handlers that read the event get; default: its type.</param>
    /// <param name="cancellationToken">Ends the sending.</param>
    /// <returns>The ref of the last event that this made.</returns>
    /// <exception cref="InvalidOperationException">No handler is there; the message lists those that are.</exception>
    public Task<long> FireAsync(
        string selector, string name, JsonObject? properties = null, CancellationToken cancellationToken = default) =>
        FireAsync(Locked(() => Page.Get(selector)), name, properties ?? new JsonObject { ["type"] = name }, cancellationToken);

    /// <summary>Sends an event with the next ref to any address, with any payload (JSON text).</summary>
    /// <returns>Its ref. Without a socket that has joined, it waits for the next join.</returns>
    public Task<long> SendEventAsync(
        string address, string? payload = null, CancellationToken cancellationToken = default) =>
        SendEventAsync(address, payload, null, cancellationToken);

    /// <summary>Sends an <c>event</c> frame as given and tracks nothing: for duplicates, gaps and wrong order.</summary>
    public Task SendEventFrameAsync(
        long eventRef, long sequence, string address, string? payload = null, CancellationToken cancellationToken = default) =>
        SendRawAsync(
            $"[\"event\",{eventRef},{sequence},{JsonSerializer.Serialize(address)}{(payload is null ? "" : "," + payload)}]",
            cancellationToken);

    /// <summary>Sends <c>ack</c> for the last patch that was applied.</summary>
    public Task SendAckAsync(CancellationToken cancellationToken = default) =>
        SendFrameAsync(cancellationToken, "ack", Locked(CarrySequence));

    /// <summary>Sends <c>ping</c> and waits for the <c>pong</c>.</summary>
    public async Task PingAsync(CancellationToken cancellationToken = default)
    {
        await SendFrameAsync(cancellationToken, "ping");
        await ReceiveAsync<PongFrame>(cancellationToken: cancellationToken);
    }

    /// <summary>Says that the document goes away, and closes the socket.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken = default)
    {
        using var deadline = Deadline(cancellationToken);
        await SendFrameAsync(deadline.Token, "leave");
        await Connection.CloseAsync(deadline.Token);
    }

    /// <summary>Sends a text message as it stands.</summary>
    public Task SendRawAsync(string message, CancellationToken cancellationToken = default) =>
        SendRawAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, cancellationToken);

    /// <summary>Sends any message: bytes that are no UTF-8, or binary.</summary>
    public async Task SendRawAsync(
        ReadOnlyMemory<byte> message, WebSocketMessageType type, CancellationToken cancellationToken = default)
    {
        using var deadline = Deadline(cancellationToken);
        await Connection.SendAsync(message, type, deadline.Token);
        if (_options.KeepsAlive)
        {
            _pingTimer.Change(PingAfter, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Takes the oldest frame of this kind that this socket received and no earlier call has taken, or waits
    /// for it. Others stay.</summary>
    /// <exception cref="InvalidOperationException">The socket closed before such a frame came.</exception>
    /// <exception cref="TimeoutException">The deadline passed.</exception>
    public async Task<TFrame> ReceiveAsync<TFrame>(
        Func<TFrame, bool>? predicate = null, CancellationToken cancellationToken = default)
        where TFrame : ServerFrame
    {
        TFrame? taken = null;
        await WaitAsync(
            () =>
            {
                taken = _inbox.OfType<TFrame>().FirstOrDefault(frame => predicate?.Invoke(frame) ?? true);
                if (taken is not null)
                {
                    _inbox.Remove(taken);
                }
                else if (_connection is not { IsOpen: true })
                {
                    throw new InvalidOperationException(
                        $"The socket closed before the awaited {typeof(TFrame).Name} came. {Report()}");
                }

                return taken is not null;
            },
            typeof(TFrame).Name,
            cancellationToken);
        return taken!;
    }

    /// <summary>Waits until something is so; asked again after each frame, while nothing changes.</summary>
    /// <param name="condition">May read everything of the client; must not wait.</param>
    /// <param name="cancellationToken">Ends the wait before the deadline does.</param>
    /// <exception cref="TimeoutException">The deadline passed; the message has the condition and what came.</exception>
    /// <param name="expression">The condition's text, for the message.</param>
    public Task UntilAsync(
        Func<ProtocolClient, bool> condition,
        CancellationToken cancellationToken = default,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string expression = "") =>
        WaitAsync(() => condition(this), expression, cancellationToken);

    /// <summary>Waits until the element shows exactly this text.</summary>
    public Task UntilTextAsync(string selector, string text, CancellationToken cancellationToken = default) =>
        WaitAsync(() => Page.Find(selector)?.TextContent == text, $"'{selector}' shows '{text}'", cancellationToken);

    /// <summary>Waits until an event is acked; 0: the last one.</summary>
    public Task AckedAsync(long eventRef = 0, CancellationToken cancellationToken = default)
    {
        var awaited = eventRef > 0 ? eventRef : LastRef;
        return WaitAsync(() => _events.Acked >= awaited, $"event {awaited} is acked", cancellationToken);
    }

    /// <summary>Waits until the socket is closed and returns the close code; <see langword="null"/> when it was lost.</summary>
    public async Task<int?> ClosedAsync(CancellationToken cancellationToken = default)
    {
        using var deadline = Deadline(cancellationToken);
        return await Connection.Closed.WaitAsync(deadline.Token);
    }

    /// <summary>The text of the first element of the live part that matches.</summary>
    public string Text(string selector) => Locked(() => Page.Text(selector));

    /// <summary>Whether such an element is shown.</summary>
    public bool Shows(string selector) => Locked(() => Page.Find(selector) is not null);

    /// <summary>An attribute of the first element that matches, or <see langword="null"/>.</summary>
    public string? Attribute(string selector, string name) => Locked(() => Page.Get(selector).GetAttribute(name));

    /// <summary>What a control holds, as the user sees it.</summary>
    public string Value(string selector) => Locked(() => Page.Controls.ValueOf(Page.Get(selector)).ToString());

    /// <summary>The address of an element's handler, for frames made by hand.</summary>
    public string AddressOf(string selector, string name) => Locked(() =>
        Handler.Of(Page.Get(selector)).FirstOrDefault(handler => handler.Event == name).Address
        ?? throw NoHandler(Page.Get(selector), name));

    /// <summary>Drops the socket without a close, as a lost network does. The document stays.</summary>
    public async Task DropAsync()
    {
        ProtocolConnection? connection;
        lock (_gate)
        {
            connection = _connection;
            _takesEvents = false;
            _resend = null;
        }

        if (connection is not null)
        {
            await connection.DisposeAsync();
            _goesAway |= await connection.Closed == GoingAway;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _ackTimer.DisposeAsync();
        await _pingTimer.DisposeAsync();
        await _resendTimer.DisposeAsync();
        await DropAsync();
        Http.Dispose();
    }

    private async Task<HttpResponseMessage> LoadAsync(
        HttpRequestMessage request, string navigation, CancellationToken cancellationToken)
    {
        await DropAsync();
        var response = await Http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        var html = await response.Content.ReadAsStringAsync(cancellationToken);
        lock (_gate)
        {
            Address = response.RequestMessage!.RequestUri;
            Document = RandomId();
            Navigation = navigation;
            Joined = null;
            (Sequence, Handled, _patchesSinceAck) = (0, 0, 0);
            _events = new PendingEvents();
            _frames.Clear();
            _inbox.Clear();
            _page = html.Contains("<!--holdfast-->", StringComparison.Ordinal) ? LiveDocument.Parse(html) : null;
            Ticket = _page?.Ticket;
        }

        return response;
    }

    private JsonObject JoinBody()
    {
        var body = new JsonObject
        {
            ["v"] = 1,
            ["ticket"] = Ticket,
            ["tab"] = Tab,
            ["doc"] = Document,
            ["nav"] = Joined is null ? Navigation : "rejoin",
            ["next"] = _events.Acked + 1,
            ["seq"] = Sequence,
            ["digest"] = _page?.Digest ?? "",
            ["tz"] = _options.TimeZone,
        };
        if (Joined is not null)
        {
            body["instance"] = Joined.Instance;
        }

        return body;
    }

    private string FieldsFrame()
    {
        var fields = new JsonArray();
        foreach (var control in Page.Controls.Touched())
        {
            var handlers = Handler.Of(control);
            var address = handlers.FirstOrDefault(handler => handler.Event == "input").Address
                ?? handlers.FirstOrDefault(handler => handler.Event == "change").Address;
            if (address is not { Length: > 0 })
            {
                continue;
            }

            var value = Page.Controls.PayloadOf(control);
            var last = Page.Controls.LastEventOf(control);
            var isSettled = last.Ref > 0 && last.Value == value && _events.IsSettled(last.Ref);
            fields.Add(new JsonArray(address, JsonNode.Parse(value.Json), isSettled ? 1 : 0));
        }

        return new JsonArray("fields", fields).ToJsonString();
    }

    private async Task ReceiveAsync(string raw)
    {
        try
        {
            var frame = ServerFrame.Parse(raw);
            lock (_gate)
            {
                _frames.Add(frame);
                Take(frame);
            }

            await AnswerAsync(frame);
            Locked(() => _inbox.Add(frame));
        }
        catch (Exception exception) when (IsLostSocket(exception))
        {
            // The answer found no socket; what was received stands.
        }
        catch (Exception exception)
        {
            Locked(() => _fault ??= exception);
        }
        finally
        {
            Locked(Changed);
        }
    }

    private void Take(ServerFrame frame)
    {
        switch (frame)
        {
            case JoinedFrame joined:
                TakeJoined(joined);
                break;
            case PatchFrame patch:
                TakePatch(patch);
                break;
            case AckFrame ack:
                _events.Ack(ack.Ref);
                break;
            case ErrorFrame { Ref: > 0 } error:
                _events.Fail(error.Ref);
                break;
            case TicketFrame ticket:
                Ticket = ticket.Ticket;
                break;
            case HeadFrame head:
                Page.AdoptHead(head.Html);
                break;
            case GoAwayFrame:
                _goesAway = true;
                break;
        }
    }

    private void TakeJoined(JoinedFrame joined)
    {
        var afterDeath = Joined is not null && Joined.Start != joined.Start && !_goesAway;
        Joined = joined;
        Sequence = joined.Sequence;
        _goesAway = false;
        _takesEvents = false;
        if (joined.Html is { } html)
        {
            Page.Adopt(html);
        }
        else
        {
            Page.Renumber();
        }

        if (joined.Head is { } head)
        {
            Page.AdoptHead(head);
        }

        _events.Rejoined(joined.Next, afterDeath);
    }

    private void TakePatch(PatchFrame patch)
    {
        if (patch.Sequence != Sequence + 1)
        {
            throw new MalformedLiveHtmlException(
                $"Patch {patch.Sequence} came after {Sequence}. Patches are numbered without gaps. Number the next one {Sequence + 1}.");
        }

        Handled = Math.Max(Handled, patch.Ref);
        Page.Apply(patch.Components, Handled);
        Sequence = patch.Sequence;
        _patchesSinceAck++;
        if (patch.Acked > 0)
        {
            _events.Ack(patch.Acked);
        }
    }

    private async Task AnswerAsync(ServerFrame frame)
    {
        switch (frame)
        {
            case JoinedFrame when _options.AnswersJoined:
                await SendFieldsAsync();
                await ResendAsync();
                break;
            case WaitFrame wait when _options.ObeysWait:
                Obey(wait);
                break;
            case PatchFrame when _options.KeepsAlive:
                await AckPatchesAsync();
                break;
        }

        if (Locked(_events.TakeReleased) is { } released)
        {
            await ResendAsync(released);
        }
    }

    /// <summary>Resends after the time that the server asked for. Several waits become one, with the longest time and
    /// the lowest ref, and one ref is resent at most every <see cref="ResendAtMostEvery"/>.</summary>
    private void Obey(WaitFrame wait)
    {
        lock (_gate)
        {
            var now = _options.Time.GetTimestamp();
            var after = TimeSpan.FromMilliseconds(wait.Milliseconds);
            if (_resent.Ref == wait.Ref && ResendAtMostEvery - _options.Time.GetElapsedTime(_resent.At, now) is var rest && rest > after)
            {
                after = rest;
            }

            var due = now + (long)(after.TotalSeconds * _options.Time.TimestampFrequency);
            _resend = _resend is { } pending
                ? (Math.Min(pending.Ref, wait.Ref), Math.Max(pending.Due, due))
                : (wait.Ref, due);
            _resendTimer.Change(
                TimeSpan.FromTicks(Math.Max(0, _options.Time.GetElapsedTime(now, _resend.Value.Due).Ticks)), Timeout.InfiniteTimeSpan);
        }
    }

    private async Task ResendAfterWaitAsync()
    {
        var from = Locked(() =>
        {
            var due = _resend?.Ref ?? 0;
            _resend = null;
            _resent = (due, _options.Time.GetTimestamp());
            return due;
        });
        if (from > 0)
        {
            await ResendAsync(from);
        }
    }

    private async Task AckPatchesAsync()
    {
        if (Locked(() => _patchesSinceAck) >= PatchesBeforeAck)
        {
            await SendAckAsync();
        }
        else
        {
            _ackTimer.Change(BareAckAfter, Timeout.InfiniteTimeSpan);
        }
    }

    private Task BareAckAsync() => Locked(() => _patchesSinceAck) > 0 ? SendAckAsync() : Task.CompletedTask;

    private ITimer TimerFor(Func<Task> send) =>
        _options.Time.CreateTimer(_ => OnTimer(send), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    private async void OnTimer(Func<Task> send)
    {
        try
        {
            if (_connection is { IsOpen: true })
            {
                await send();
            }
        }
        catch (Exception exception) when (IsLostSocket(exception))
        {
            // The socket is gone, and with it the need.
        }
    }

    private long CarrySequence()
    {
        _patchesSinceAck = 0;
        return Sequence;
    }

    /// <summary>Numbers and sends an event; <paramref name="numbered"/> hears the ref before any answer can come.</summary>
    private async Task<long> SendEventAsync(
        string address, string? payload, Action<long>? numbered, CancellationToken cancellationToken)
    {
        await _sendingEvents.WaitAsync(cancellationToken);
        try
        {
            var (pending, goes) = Locked(() =>
            {
                var added = _events.Add(address, payload, Sequence);
                numbered?.Invoke(added.Ref);
                return (added, _takesEvents && _resend is null && _events.MaySend(added) && _connection is { IsOpen: true });
            });
            if (goes)
            {
                await SendPendingAsync(pending, cancellationToken);
            }

            return pending.Ref;
        }
        finally
        {
            _sendingEvents.Release();
        }
    }

    private Task SendPendingAsync(PendingEvent pending, CancellationToken cancellationToken)
    {
        var frame = Locked(() =>
        {
            pending.WasSent = true;
            CarrySequence();
            return pending.Frame;
        });
        return SendRawAsync(frame, cancellationToken);
    }

    private Task SendFrameAsync(CancellationToken cancellationToken, string kind, params JsonNode?[] rest) =>
        SendRawAsync(new JsonArray([kind, .. rest]).ToJsonString(), cancellationToken);

    private async Task<long> ClickToSubmitAsync(
        IElement button, IElement form, JsonObject payload, CancellationToken cancellationToken)
    {
        var clicks = Locked(() => Handler.OnTheWayUp(button, "click"));
        var last = clicks.Count > 0 ? await FireAsync(button, "click", payload, cancellationToken) : 0;
        return clicks.Any(found => found.Handler.PreventsDefault)
            ? last
            : await FireAsync(form, "submit", new JsonObject { ["type"] = "submit" }, cancellationToken);
    }

    private async Task<long> PutAsync(string selector, FieldValue value, string name, CancellationToken cancellationToken)
    {
        var (control, handlers, payload) = Locked(() =>
        {
            var target = Page.Get(selector);
            Page.Controls.Put(target, LiveControls.IsRadio(target) ? true : value);
            return (target, Handler.OnTheWayUp(target, name), Page.Controls.PayloadOf(target));
        });
        long last = 0;
        foreach (var (_, handler) in handlers.Where(found => found.Handler.Address.Length > 0))
        {
            last = await SendEventAsync(
                handler.Address, payload.Json, number => Page.Controls.Carried(control, number), cancellationToken);
        }

        return last;
    }

    private async Task<long> FireAsync(
        IElement target, string name, JsonObject? properties, CancellationToken cancellationToken)
    {
        var handlers = Locked(() =>
        {
            var found = Handler.OnTheWayUp(target, name);
            return found.Any(pair => pair.Handler.Address.Length > 0) ? found : throw NoHandler(target, name);
        });
        long last = 0;
        foreach (var (_, handler) in handlers.Where(found => found.Handler.Address.Length > 0))
        {
            var payload = handler.ReadsProperties ? (properties ?? new JsonObject { ["type"] = name }).ToJsonString() : null;
            last = await SendEventAsync(handler.Address, payload, cancellationToken);
        }

        return last;
    }

    private InvalidOperationException NoHandler(IElement element, string name) => new(
        $"'{element.LocalName}' has no handler for '{name}', nor has an element around it. Its handlers are "
        + $"'{element.GetAttribute(Handler.Attribute)}'. Choose one of them, or look at the page: {Page.Html}");

    /// <summary>What a form posts, with other values for some names.</summary>
    private List<KeyValuePair<string, string>> FieldsOf(IElement form, IReadOnlyDictionary<string, string> others) =>
    [
        .. Forms.FieldsOf(form, null, control => Page.Controls.ValueOf(control) == true, control => [Page.Controls.ValueOf(control).ToString()]).Where(field => !others.ContainsKey(field.Key)),
        .. others,
    ];

    private async Task WaitAsync(Func<bool> condition, string awaited, CancellationToken cancellationToken)
    {
        using var deadline = Deadline(cancellationToken);
        try
        {
            while (true)
            {
                Task changed;
                lock (_gate)
                {
                    if (condition())
                    {
                        return;
                    }

                    if (_fault is not null)
                    {
                        throw new InvalidOperationException($"The server broke the protocol: {_fault.Message}", _fault);
                    }

                    changed = _changed.Task;
                }

                await changed.WaitAsync(deadline.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"Waited {_options.Deadline.TotalSeconds} s in vain for: {awaited}. {Locked(Report)}");
        }
    }

    /// <summary>What the client knows, for messages. The lock is held.</summary>
    private string Report()
    {
        var state = _connection is null ? "There is no socket."
            : _connection.IsOpen ? "The socket is open."
            : $"The socket is closed (code {_connection.Closed.Result?.ToString() ?? "none"}; {_connection.Failure?.Message ?? "in order"}).";
        return $"{state} Events {_events.Acked} of {_events.LastRef} are acked. The last frames are: "
            + $"{string.Join(" ", _frames.TakeLast(5).Select(frame => frame.Raw))}. The page shows: {_page?.Html}";
    }

    /// <summary>Wakes those who wait. The lock is held.</summary>
    private void Changed()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }

    private CancellationTokenSource Deadline(CancellationToken cancellationToken)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(_options.Deadline);
        return source;
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }

    private void Locked(Action act)
    {
        lock (_gate)
        {
            act();
        }
    }

    private static SocketsHttpHandler NewHandler() => new() { UseCookies = false, AllowAutoRedirect = false, UseProxy = false };

    private static async Task<WebSocket> OpenSocketAsync(SocketRequest request, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.Proxy = null;
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        socket.Options.SetRequestHeader("Origin", request.Origin);
        if (request.Cookies.Length > 0)
        {
            socket.Options.SetRequestHeader("Cookie", request.Cookies);
        }

        try
        {
            await socket.ConnectAsync(request.Address, cancellationToken);
            return socket;
        }
        catch (WebSocketException exception) when (socket.HttpStatusCode > 0)
        {
            var retryAfter = socket.HttpResponseHeaders?.TryGetValue("Retry-After", out var values) == true ? values.First() : null;
            throw new SocketRefusedException(request.Address, socket.HttpStatusCode, retryAfter, exception);
        }
    }

    private static bool IsLostSocket(Exception exception) =>
        exception is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException;

    private static string RandomId() =>
        System.Buffers.Text.Base64Url.EncodeToString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(12));
}
