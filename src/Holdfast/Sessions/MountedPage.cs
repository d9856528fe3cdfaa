#pragma warning disable BL0006 // Passes a render batch on to Rendering.
using Holdfast.Diagnostics;
using Holdfast.Events;
using Holdfast.Protocol;
using Holdfast.Rendering;
using Holdfast.State;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.RenderTree;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Sessions;

/// <summary>
/// One page, mounted for one tab: steps 6 to 9 of docs/tour.md, top-down. Owns its scope, renderer, dispatcher and queue.
/// </summary>
/// <remarks>
/// <para><b>The loop.</b> An event enters the queue (<see cref="Receive"/>), runs when it is its turn (<see cref="ExecuteAsync"/>), what it changed is captured and merged into
/// the session (<see cref="Capture"/>), the patch goes out (<see cref="Flush"/>), and the ack when the session's writer says that the change is durable
/// (<see cref="PageOutput.SendAcks"/>). A page of <see cref="Durability.BeforePatch"/> keeps the patch until then (<see cref="HeldFrames"/>).</para>
/// <para><b>Ends.</b> A page that loses its connection waits to be taken up again (<see cref="Detach"/>). One that fails, or that is fenced off by a newer instance,
/// asks its connection to mount the page anew, and ends.</para>
/// <para>Everything but <see cref="Receive"/>, what the lease tells and the queue runs on the dispatcher.</para>
/// </remarks>
internal sealed class MountedPage : IRenderHost, IViewHost, ILeaseHolder, IAsyncDisposable
{
    private readonly PageServices _services;
    private readonly PageCulture _culture;
    private readonly IAsyncDisposable _scope;
    private readonly LiveDispatcher _dispatcher;
    private readonly LiveRenderer _renderer;
    private readonly PageQueue _queue;
    private readonly PageOutput _output;
    private readonly CancellationTokenSource _ended = new();
    private readonly List<(ErrorBoundaryBase Boundary, Exception? Before)> _boundaries = [];
    private readonly Lock _refGate = new();
    private long _nextRef = 1;
    private Session? _session;
    private SliceLease? _lease;
    private Session? _watched;
    private SliceLease? _watch;
    private IReadOnlyDictionary<string, byte[]>? _carried;
    private ViewState? _state;
    private TimeZoneInfo? _zone;
    private Exception? _failure;
    private volatile bool _isDead;
    private bool _isClearing;
    private bool _beginsAnew;
    private int _askedForSuccessor;

    public MountedPage(PageServices services, IServiceProvider scopeServices, IAsyncDisposable scope, PageAddress address, PageIdentity identity, MountReason reason)
    {
        _services = services;
        _culture = PageCulture.Parse(address.Culture);
        _scope = scope;
        Address = address;
        Identity = identity;
        Reason = reason;
        PageScope = scopeServices.GetRequiredService<PageScope>();
        _dispatcher = new LiveDispatcher();
        _dispatcher.Queue = _queue = new PageQueue(_dispatcher, ExecuteAsync, Fail);
        _renderer = new LiveRenderer(scopeServices, services.LoggerFactory, _dispatcher, this, isInteractive: true);
        _output = new PageOutput(_renderer, () => _services.Metrics.Replaced(Address.PageType));
    }

    public PageAddress Address { get; }

    public PageIdentity Identity { get; }

    public MountReason Reason { get; }

    /// <summary>What was found for the page when it was mounted.</summary>
    public Found Found { get; private set; }

    /// <summary>The sequence of the last patch.</summary>
    public long Sequence => _output.Sequence;

    /// <summary>The highest event that is settled and durable.</summary>
    public long Acked => _output.Acks.Acked;

    /// <summary>The highest event that is settled.</summary>
    public long Settled => _output.Acks.Settled;

    /// <summary>Whether a browser is connected.</summary>
    public bool IsConnected => _output.Client is not null;

    /// <summary>Whether it failed or was fenced off, so that it must not be taken up again.</summary>
    public bool IsDead => _isDead;

    // ---- mount ----

    /// <summary>What the document around the page says of it.</summary>
    public PageScope PageScope { get; }

    /// <summary>The page uses a session, and ends that use when it ends.</summary>
    public void Hold(Session session) => _session = session;

    /// <summary>The page has the right to write its slice, and gives it back when it ends.</summary>
    public void Hold(SliceLease lease) => _lease = lease;

    /// <summary>The page ends when another record changes hands: its state is a user's, and the browser may be another's tomorrow.</summary>
    public void Watch(Session session) => _watched = session;

    /// <inheritdoc cref="Watch(Session)"/>
    public void Watch(SliceLease lease) => _watch = lease;

    /// <summary>Restores and renders the page; ends when nothing in it waits for its initialisation any more.</summary>
    /// <exception cref="Exception">The page's own initialisation failed.</exception>
    public async Task MountAsync(Found found, long settled, MountTerms terms)
    {
        Found = found;
        _carried = terms.Carried;
        _output.Durability = _session is null ? null : (_session, _lease);
        _output.Held = _lease is { IsBeforePatch: true } ? new HeldFrames(_session!, _lease) : null;
        _output.Acks.Begin(terms.Acked, settled, _session?.Version ?? 0);
        _nextRef = Settled + 1;
        var item = new CallbackItem(() => _renderer.RenderRootAsync(terms.RootType));
        _queue.Post(item);
        await item.Completion.ConfigureAwait(false);
    }

    // ---- the connection ----

    /// <summary>
    /// Connects a document: compares what it shows with what the page shows, sends <c>joined</c>, and HTML only where they differ.
    /// </summary>
    /// <param name="client">The connection.</param>
    /// <param name="digest">The digest of what the document shows; null when that is not known.</param>
    /// <param name="sequence">The last patch that the document applied.</param>
    /// <param name="isRecovered">Whether the document meets the instance that it knew.</param>
    public Task ConnectAsync(IPageClient client, string? digest, long sequence, bool isRecovered) => _queue.PostAsync(() =>
    {
        _output.Connect(client, digest, sequence, Joining(isRecovered));
        return Task.CompletedTask;
    });

    /// <summary>Tells the components that ask for it where the browser is.</summary>
    public void UseTimeZone(TimeZoneInfo? zone)
    {
        if (zone is not null && !Equals(zone, _zone))
        {
            _zone = zone;
            _ = _queue.PostAsync(() => PageScope.TimeZone.NotifyChangedAsync(zone));
        }
    }

    /// <summary>Applies what the user had typed, before any resent event.</summary>
    public void ReceiveFields(List<FieldEntry> fields, bool isRecovered)
    {
        var entries = isRecovered ? fields.FindAll(field => !field.IsSettled) : fields;
        if (entries.Count > 0)
        {
            _queue.Post(new FieldsItem(entries, _output.TypedAt));
        }

        _ = _queue.PostAsync(() => ForEachViewAsync(view => view.OnConnectedAsync()));
    }

    /// <summary>The connection is lost. The page goes on without one until it is taken up again, or disposed.</summary>
    public void Detach(IPageClient client) => _ = _queue.PostAsync(() =>
    {
        if (!_output.Disconnect(client))
        {
            return Task.CompletedTask;
        }

        _services.Pages.Wait(this);
        return ForEachViewAsync(view => view.OnDisconnectedAsync());
    });

    /// <summary>The client has drained what was queued for it: what it missed is sent as a whole. Whether it missed anything is asked in the queue: a
    /// render may find the buffer full and be about to say so.</summary>
    public void OnDrained(IPageClient client) => _ = _queue.PostAsync(() =>
    {
        _output.CatchUp(client, Joining(isRecovered: true));
        return Task.CompletedTask;
    });

    private PageOutput.Joining Joining(bool isRecovered) =>
        new(Identity.Instance, _services.StartId, _nextRef, isRecovered ? "recovered" : Found.ToString().ToLowerInvariant());

    // ---- a POST ----

    /// <summary>Connects what a browser without script has posted: a document that shows what it was served, and takes no patches.</summary>
    /// <param name="client">Is told of acks, and of the end.</param>
    /// <param name="digest">The digest of what was served; null when no handler in it depends on that.</param>
    /// <returns>What the page's controls show now.</returns>
    public async Task<ServedForm[]> ConnectAsync(IPageClient client, string? digest)
    {
        var shown = new ServedPage(_renderer, null);
        await _queue.PostAsync(() =>
        {
            _output.Connect(client, digest, shown);
            return Task.CompletedTask;
        });
        return [.. shown.Forms];
    }

    /// <summary>Adds what was posted to the queue, as if it had come over a socket.</summary>
    public void Post(WorkItem item) => _queue.Post(item);

    /// <summary>Looks at the page between two items.</summary>
    public Task LookAsync(Action<LiveRenderer> look) => _queue.PostAsync(() =>
    {
        look(_renderer);
        return Task.CompletedTask;
    });

    /// <summary>Waits until what the page shows is stored, where it must be: at once for all other pages.</summary>
    public Task UntilStoredAsync(CancellationToken cancellationToken) =>
        _state is { Type.IsBeforePatch: true } ? _session!.UntilDurableAsync(cancellationToken) : Task.CompletedTask;

    /// <summary>The members of the tab, as they were last restored or captured. Called while nothing runs.</summary>
    public IReadOnlyDictionary<string, byte[]> TabMembers => _state?.TabMembers() ?? [];

    // ---- 6: an event arrives ----

    /// <summary>Takes an event if it is the document's next; answers a repeated or a later one.</summary>
    /// <param name="client">Where it came from: a connection whose page was taken over may still be reading.</param>
    /// <param name="frame">The event.</param>
    public void Receive(IPageClient client, in EventFrame frame)
    {
        long next;
        lock (_refGate)
        {
            next = _nextRef;
            if (frame.Ref == next && ReferenceEquals(_output.Client, client))
            {
                _nextRef++;
            }
        }

        if (frame.Ref < next)
        {
            client.Send(ServerFrame.Ack(Acked));
        }
        else if (frame.Ref > next || !ReferenceEquals(_output.Client, client))
        {
            client.Send(ServerFrame.Wait(TimeSpan.Zero, next));
        }
        else
        {
            _queue.Post(new EventItem(frame));
        }
    }

    /// <summary>
    /// Runs one item to its end. The session's turn is held while the item runs up to its first incomplete await, and again while what it changed
    /// is captured, so that tabs of one session on this node see each other's changes whole.
    /// </summary>
    private async Task ExecuteAsync(WorkItem item)
    {
        if (_isDead && item is not CallbackItem)
        {
            return; // The event is not settled: it comes again, to the instance that takes this one's place.
        }

        _queue.Enter(item);
        _culture.Use();
        _failure = null;
        _output.IsHeld = true;
        var hasTurn = await EnterTurnAsync();
        try
        {
            var tookOver = _lease is not null && _state is not null && _session!.TakeOver(_lease, _state);
            var work = Run(item);
            if (tookOver)
            {
                _state!.View.Repaint();
            }

            if (!work.IsCompleted)
            {
                ExitTurn(ref hasTurn);
                _output.IsHeld = false;
                FlushBetween();
                await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
                _output.IsHeld = true;
                hasTurn = await EnterTurnAsync();
            }

            if (work.IsFaulted || work.IsCanceled)
            {
                _failure ??= work.Exception?.InnerException ?? new OperationCanceledException();
            }

            Settle(item);
            _renderer.RenderHead();
        }
        catch (Exception exception)
        {
            // Taking over or putting back a value failed: the author's types did it. The queue must go on.
            _failure ??= exception;
            Fail(exception);
        }
        finally
        {
            ExitTurn(ref hasTurn);
            _output.IsHeld = false;
        }

        Flush();
        _queue.Leave();
        item.Completed(_failure);
        if (_isDead)
        {
            AskForSuccessor();
        }
    }

    private bool IsSuperseded => _lease is { IsSuperseded: true } || _watch is { IsSuperseded: true };

    private void AskForSuccessor()
    {
        if (Interlocked.Exchange(ref _askedForSuccessor, 1) != 0)
        {
            return;
        }

        if (_output.Client is { } client)
        {
            client.Remount(this, IsSuperseded || _beginsAnew ? MountReason.Join : MountReason.Crash);
        }
        else
        {
            _services.Pages.End(this);
        }
    }

    /// <summary>Runs an item; what it throws at once is as if its task had failed.</summary>
    private Task Run(WorkItem item)
    {
        try
        {
            return item.RunAsync(this);
        }
        catch (Exception exception)
        {
            return Task.FromException(exception);
        }
    }

    /// <summary>Runs the handler that an event is for, or fails the event.</summary>
    internal async Task DispatchAsync(string address, long sequence, object? payload, bool isChange = false)
    {
        if (Found == Found.Error)
        {
            throw new EventException(ErrorCode.State, "What is stored for this page cannot be read now, so nothing can be done on it.");
        }

        _output.UpdateIndex();
        if (!_renderer.Handlers.TryResolve(address, sequence, out var found, out var owner) || _renderer.Describe(found, owner) is not { } handler)
        {
            throw new EventException(ErrorCode.Stale, "What was used is not on the page any more.");
        }

        if (!EventArguments.TryCreate(handler.EventName, payload, _renderer.GetEventArgsType(found.HandlerId), out var arguments) || (isChange && arguments is not ChangeEventArgs))
        {
            throw new EventException(ErrorCode.Stale, $"What was sent does not fit the event '{handler.EventName}'.");
        }

        using var activity = _services.Metrics.BeginEvent(Address.PageType, handler.EventName, handler.Handler);
        _renderer.CollectBoundaries(owner, _boundaries);
        await _renderer.DispatchAsync(found, owner, arguments, (arguments as ChangeEventArgs)?.Value);
        _failure ??= LiveRenderer.FailureSince(_boundaries);
    }

    // ---- 7 and 8: what it changed ----

    /// <summary>Captures and merges what an item changed, or puts back what a failed one changed; then the item is settled.</summary>
    private void Settle(WorkItem item)
    {
        if (_isDead && IsSuperseded)
        {
            return;
        }

        var version = _lease?.Written ?? 0;
        if (_failure is null && item.IsCaptured)
        {
            try
            {
                version = _isClearing ? Clear(item.Ref) : Capture(item.Ref);
            }
            catch (StateException exception)
            {
                _failure = exception;
            }
        }

        if (version < 0)
        {
            Die();
            return;
        }

        if (_failure is { } failure)
        {
            _isClearing = false;
            Undo(item, failure);
        }

        if (item.Ref > 0)
        {
            _output.Acks.Add(item.Ref, version);
        }
    }

    /// <summary>Merges what changed since the last capture into the session, together with the ref that changed it.</summary>
    /// <returns>The version that must be durable before the event is acked, or −1 when a newer instance has taken this one's place.</returns>
    private long Capture(long settled)
    {
        if (_state is null || _lease is null)
        {
            return 0;
        }

        List<MemberChange>? changes = null;
        _state.Capture(ref changes, withTabMembers: settled > 0 && Identity.Carried is not null);
        if (changes is null)
        {
            return _lease.Written;
        }

        var version = _session!.Merge(_lease, _state.Type, changes, settled > 0 ? Identity.Document : null, settled);
        if (version >= 0)
        {
            _state.Accept(changes);
        }

        return version;
    }

    /// <summary>Deletes the view's state; another instance begins anew in this one's place.</summary>
    private long Clear(long settled)
    {
        _isDead = _beginsAnew = true;
        return _lease is null ? 0 : _session!.Clear(_lease, settled > 0 ? Identity.Document : null, settled);
    }

    private void Undo(WorkItem item, Exception failure)
    {
        if (_state is not null)
        {
            _state.Rollback();
            if (!_isDead)
            {
                _state.View.Repaint();
            }
        }

        if (item.Ref == 0)
        {
            return;
        }

        var code = failure switch
        {
            EventException refused => refused.Code,
            StateException unstorable => unstorable.Code,
            _ => ErrorCode.Failed,
        };
        _services.Metrics.EventFailed(Address.PageType, item.Ref, code, failure);
        _output.SendError(ServerFrame.Error(code, item.Ref, _services.ShowsDetail || failure is EventException or StateException ? failure.Message : "The event failed."));
    }

    // ---- 9: patch and ack ----

    private void Flush()
    {
        if (_isDead || _ended.IsCancellationRequested)
        {
            _output.Abandon(); // The instance that takes this one's place is sent as a whole.
        }
        else
        {
            _output.Flush();
        }
    }

    /// <summary>A handler still runs. What was rendered meanwhile goes out; but where the page shows only what is stored, not before that is known to be no change.</summary>
    private void FlushBetween()
    {
        if (_output.Held is not null && _state is { } state && state.HasChanged())
        {
            _output.SendAcks();
        }
        else
        {
            Flush();
        }
    }

    /// <summary>The session's writer has stored more. Called on its thread.</summary>
    void ILeaseHolder.OnDurable()
    {
        if (_output.Release() is { } missed)
        {
            OnDrained(missed);
        }

        _output.SendAcks();
    }

    /// <summary>A newer instance has written, or the state was deleted. Called on any thread.</summary>
    void ILeaseHolder.OnSuperseded()
    {
        _services.Metrics.Superseded();
        Die();
    }

    /// <summary>Nothing of this instance counts any more. What runs ends; then its connection is asked for another one.</summary>
    private void Die()
    {
        _isDead = true;
        _ = _queue.PostAsync(() => Task.CompletedTask);
    }

    // ---- what the renderer says ----

    Type IRenderHost.PageType => Address.PageType;

    void IRenderHost.OnRendered(in RenderBatch batch)
    {
        if (!_isDead)
        {
            _output.Add(batch);
        }

        for (var i = 0; i < batch.DisposedComponentIDs.Count; i++)
        {
            _renderer.Handlers.Remove(batch.DisposedComponentIDs.Array[i]);
        }

        if (!_output.IsHeld)
        {
            FlushBetween();
        }
    }

    void IRenderHost.OnUnhandled(Exception exception) => Fail(exception);

    ViewLink IRenderHost.CreateLink(ViewSlot slot, LiveView view)
    {
        var persisted = PersistedView.Of(view.GetType());
        if (slot.IsPage && _lease is not null && persisted.IsPersistent)
        {
            _state = new ViewState(persisted, view, _services.StateJson, _services.MaxMemberBytes);
            return new ViewLink(new Mount(Reason, Found), this);
        }

        if (!slot.IsPage && persisted.IsPersistent)
        {
            _services.Metrics.EmbeddedWithoutId(Address.PageType, view.GetType());
        }

        return new ViewLink(new Mount(slot.IsPage ? Reason : MountReason.Render, slot.IsPage ? Found : Found.New), this);
    }

    void IRenderHost.OnViewFailed(ViewSlot slot, Exception exception)
    {
        if (slot.IsPage)
        {
            Fail(exception);
            return;
        }

        if (_queue.Running is { Ref: > 0 })
        {
            _failure ??= exception; // It fails the event that it was for, and never the mount of the page around it.
        }

        _services.Metrics.ViewFailed(slot.ViewType, exception);
    }

    private void Fail(Exception exception)
    {
        _failure ??= exception;
        _services.Metrics.ViewFailed(Address.PageType, exception);
        Die();
    }

    // ---- what views ask ----

    void IViewHost.Restore(LiveView view)
    {
        if (_state is { } state && ReferenceEquals(state.View, view))
        {
            state.Restore(
                member => _session!.Read(_lease!, member) ?? (member.Scope == Scope.Session ? null : _carried?.GetValueOrDefault(member.Name)),
                (member, exception) => _services.Metrics.MemberUnreadable(Address.PageType, member.Name, exception));
        }
    }

    void IViewHost.Start(Func<CancellationToken, Task> work, Func<Exception, Task> failed)
    {
        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(RunBesideAsync, CancellationToken.None);
        }

        async Task RunBesideAsync()
        {
            _culture.Use();
            try
            {
                await work(_ended.Token).ConfigureAwait(false);
            }
            catch (Exception) when (_ended.IsCancellationRequested)
            {
            }
            catch (Exception exception)
            {
                // Reported to the view where it is handled; the task tells the same exception once more.
                await failed(exception).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    void IViewHost.ClearState(LiveView view) => _isClearing |= _state is { } state && ReferenceEquals(state.View, view);

    void IViewHost.OnRestoredHookFailed(LiveView view, Exception exception) => _services.Metrics.HookFailed(view.GetType(), nameof(LiveView.OnRestoredAsync), exception);

    private async Task ForEachViewAsync(Func<LiveView, Task> hook)
    {
        foreach (var view in _renderer.Views())
        {
            try
            {
                await hook(view);
            }
            catch (Exception exception)
            {
                _services.Metrics.HookFailed(view.GetType(), "OnConnectedAsync or OnDisconnectedAsync", exception);
            }
        }
    }

    /// <summary>Leads the browser elsewhere.</summary>
    public void NavigateTo(string url) => _output.Navigate(url);

    /// <summary>There is nothing at the page's address, which is for a GET to say: it is loaded again. Not for what only the mount of a live page finds, or it would be loaded without end.</summary>
    public void NotFound()
    {
        if (IsConnected || Reason == MountReason.Post)
        {
            NavigateTo(Address.Uri);
        }
        else
        {
            _services.Metrics.NotFoundAtMount(Address.PageType);
        }
    }

    /// <summary>Puts persisted members back that a settled field must not change.</summary>
    internal void KeepStored()
    {
        if (_state is { } state && state.Rollback())
        {
            state.View.Repaint();
        }
    }

    // ---- turns ----

    private async ValueTask<bool> EnterTurnAsync()
    {
        if (_session is null)
        {
            return false;
        }

        if (!_session.TryEnterTurn())
        {
            await _session.EnterTurnAsync(CancellationToken.None);
        }

        return true;
    }

    private void ExitTurn(ref bool hasTurn)
    {
        if (hasTurn)
        {
            _session!.ExitTurn();
            hasTurn = false;
        }
    }

    // ---- the end ----

    /// <summary>Ends the page: its work is cancelled, its queue refuses, its views are disposed. What it merged is written all the same.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_queue.Close())
        {
            return;
        }

        try
        {
            await _dispatcher.Inner.InvokeAsync(EndOnDispatcherAsync).ConfigureAwait(false);
            await _scope.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            _services.Metrics.HookFailed(Address.PageType, "Dispose", exception);
        }
        finally
        {
            if (_lease is not null)
            {
                _session!.Return(_lease);
            }

            _session?.Release();
            if (_watch is not null)
            {
                _watched!.Return(_watch);
            }

            _watched?.Release();
        }
    }

    private async Task EndOnDispatcherAsync()
    {
        _culture.Use();
        _output.End(this);
        try
        {
            await _ended.CancelAsync();
        }
        finally
        {
            await _renderer.DisposeAsync();
            _output.Dispose();
        }
    }
}
