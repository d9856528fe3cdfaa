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
    IServiceProvider services, ILoggerFactory loggerFactory, PageServices pages, Type pageType, Session? session, string sliceKey, Found found)
    : IRenderHost, IViewHost, IAsyncDisposable
{
    private LiveRenderer? _renderer;
    private ViewState? _state;
    private Exception? _failure;

    public Type PageType => pageType;

    /// <summary>Renders the document into a buffer.</summary>
    /// <exception cref="Exception">What the page itself threw.</exception>
    public async Task RenderAsync(Type shellType, HtmlBuffer html)
    {
        var dispatcher = new LiveDispatcher();
        var renderer = _renderer = new LiveRenderer(services, loggerFactory, dispatcher, this, isInteractive: false);
        await dispatcher.Inner.InvokeAsync(async () =>
        {
            await renderer.RenderRootAsync(shellType);
            if (_failure is null)
            {
                using var writer = new PageWriter(renderer, html, withDigest: false) { IsShell = true };
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
                member => session.ReadShared(sliceKey, member),
                (member, exception) => pages.Metrics.MemberUnreadable(view.GetType(), member.Name, exception));
        }
    }

    void IViewHost.Start(Func<CancellationToken, Task> work, Func<Exception, Task> failed)
    {
        // The instance ends with the response.
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
