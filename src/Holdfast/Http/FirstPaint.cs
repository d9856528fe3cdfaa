#pragma warning disable BL0006 // Implements the renderer's host.
using Holdfast.Diagnostics;
using Holdfast.Rendering;
using Holdfast.Sessions;
using Holdfast.State;
using Microsoft.AspNetCore.Components.RenderTree;
using Microsoft.Extensions.Logging;

namespace Holdfast.Http;

/// <summary>
/// The HTML of a GET: the page in its shell, rendered once with what the session has, and forgotten. Writes nothing to the store. Step 4 of docs/tour.md.
/// </summary>
internal sealed class FirstPaint(
    IServiceProvider services,
    ILoggerFactory loggerFactory,
    PageServices pages,
    PageAddress address,
    Session? session,
    Found found,
    IReadOnlyDictionary<string, byte[]>? carried)
    : IRenderHost, IViewHost, IAsyncDisposable
{
    private LiveRenderer? _renderer;
    private ViewState? _state;
    private Exception? _failure;

    public Type PageType => address.PageType;

    /// <summary>Renders the document into a buffer.</summary>
    /// <param name="shellType">The component with the document.</param>
    /// <param name="html">The buffer.</param>
    /// <param name="protect">Makes what a form posts back.</param>
    /// <param name="notice">What to say above the page, asked for once it is rendered.</param>
    /// <exception cref="Exception">What the page itself threw.</exception>
    public async Task RenderAsync(Type shellType, HtmlBuffer html, Func<ServedPage, ServedForm, string> protect, Func<string>? notice)
    {
        var dispatcher = new LiveDispatcher();
        var renderer = _renderer = new LiveRenderer(services, loggerFactory, dispatcher, this, isInteractive: false);
        await dispatcher.Inner.InvokeAsync(async () =>
        {
            await renderer.RenderRootAsync(shellType);
            if (_failure is null)
            {
                using var writer = new PageWriter(renderer, html, withDigest: false) { IsShell = true, Served = new ServedPage(renderer, protect) { Notice = notice?.Invoke() } };
                writer.WriteContent(renderer.RootId);
            }
        });
        if (_failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        }
    }

    void IRenderHost.OnRendered(in RenderBatch batch)
    {
    }

    void IRenderHost.OnUnhandled(Exception exception) => _failure ??= exception;

    ViewLink IRenderHost.CreateLink(ViewSlot slot, LiveView view)
    {
        if (slot.IsPage && PersistedView.Of(view.GetType()) is { IsPersistent: true } persisted)
        {
            _state = new ViewState(persisted, view, pages.StateJson, pages.MaxMemberBytes);
        }

        return new ViewLink(new Mount(MountReason.FirstPaint, slot.IsPage ? found : Found.New), this);
    }

    void IRenderHost.OnViewFailed(ViewSlot slot, Exception exception)
    {
        if (slot.IsPage)
        {
            _failure ??= exception;
        }
        else
        {
            pages.Metrics.ViewFailed(slot.ViewType, exception);
        }
    }

    void IViewHost.Restore(LiveView view)
    {
        if (session is not null && _state is { } state && ReferenceEquals(state.View, view))
        {
            state.Restore(
                member => session.ReadShared(address.SliceKey, member) ?? carried?.GetValueOrDefault(member.Name),
                (member, exception) => pages.Metrics.MemberUnreadable(view.GetType(), member.Name, exception));
        }
    }

    void IViewHost.Start(Func<CancellationToken, Task> work, Func<Exception, Task> failed)
    {
        // The instance ends with the response.
    }

    void IViewHost.ClearState(LiveView view)
    {
        // A GET writes nothing.
    }

    void IViewHost.OnRestoredHookFailed(LiveView view, Exception exception) =>
        pages.Metrics.HookFailed(view.GetType(), nameof(LiveView.OnRestoredAsync), exception);

    public async ValueTask DisposeAsync()
    {
        if (_renderer is not null)
        {
            await _renderer.DisposeAsync().ConfigureAwait(false);
        }
    }
}
