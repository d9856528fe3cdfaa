using Microsoft.AspNetCore.Components;

namespace Holdfast;

/// <summary>
/// A Razor component whose state belongs to the visitor's session: the unit of mount, of failure and of persistence.
/// Write <c>@inherits LiveView</c>, and <c>[Persist]</c> on what must survive.
/// </summary>
/// <remarks>
/// <para>Blazor's own lifecycle applies. <see cref="ComponentBase.OnInitializedAsync"/> runs at every mount with the persisted
/// members already put back; property initialisers are their defaults.</para>
/// <para>All members are to be used on the view's dispatcher (where handlers and lifecycle methods run); from elsewhere go
/// through <see cref="ComponentBase.InvokeAsync(Action)"/>. Work that runs through it is an entry of the page's queue: it runs when
/// no handler is running, and what it changed is stored like an event's.</para>
/// </remarks>
[LiveRenderMode]
public abstract class LiveView : ComponentBase
{
    /// <summary>The name of the cascading value with the browser's time zone: <c>[CascadingParameter(Name = LiveView.BrowserTimeZone)] TimeZoneInfo? Zone { get; set; }</c>. Null in the
    /// HTML of a GET or POST, and where the browser does not say; it comes once the page is connected, and the component is rendered again.</summary>
    public const string BrowserTimeZone = "Holdfast.BrowserTimeZone";

    private bool _initialised;

    /// <summary>The view's link to the page that mounted it. Null when the view was made by something else (a test).</summary>
    internal ViewLink? Link { get; set; }

    /// <summary>Why this instance was made, and what was found for it.</summary>
    protected internal Mount Mount => Link?.Mount ?? default;

    /// <inheritdoc/>
    public override Task SetParametersAsync(ParameterView parameters)
    {
        if (_initialised)
        {
            return base.SetParametersAsync(parameters);
        }

        _initialised = true;
        return InitialiseAsync(parameters);
    }

    /// <summary>
    /// Runs after <see cref="ComponentBase.OnInitializedAsync"/> when stored state was put back, so that side effects which
    /// belong to it (subscriptions, timers) can be taken up again. Not for the HTML of a GET. An exception is logged and breaks nothing.
    /// </summary>
    protected internal virtual Task OnRestoredAsync() => Task.CompletedTask;

    /// <summary>Runs each time a browser is connected to this instance. Saves nothing by itself: what it changes is stored with the next event.</summary>
    protected internal virtual Task OnConnectedAsync() => Task.CompletedTask;

    /// <summary>Runs each time the connection to this instance is lost. The instance may be taken up again, or end.</summary>
    protected internal virtual Task OnDisconnectedAsync() => Task.CompletedTask;

    /// <summary>A handler with an argument: <c>@onclick="On(Delete, item.Id)"</c>. It has the same address in every render and
    /// in every instance, whatever happens to the list around it, and shows as <c>Delete(42)</c>.</summary>
    /// <param name="handler">A method of this view (or component), not a lambda.</param>
    /// <param name="argument">What to call it with; part of the address, so best a small value that JSON can write.</param>
    protected static Func<Task> On<T>(Action<T> handler, T argument) => new BoundHandler<T>(handler, argument).InvokeAsync;

    /// <inheritdoc cref="On{T}(Action{T}, T)"/>
    protected static Func<Task> On<T>(Func<T, Task> handler, T argument) => new BoundHandler<T>(handler, argument).InvokeAsync;

    /// <summary>
    /// Starts work that must not hold the page's queue: it runs beside it, on the thread pool. It changes the view through
    /// <see cref="ComponentBase.InvokeAsync(Action)"/>; each such call is an entry of the queue and stored like an event.
    /// </summary>
    /// <param name="work">Is cancelled when the instance ends. An exception other than that cancellation fails the view.</param>
    /// <remarks>Does nothing when <see cref="Mount.IsLive"/> is false: the instance ends with the response. Work that must be taken up after a
    /// restart is started again in <see cref="ComponentBase.OnInitializedAsync"/> or <see cref="OnRestoredAsync"/>.</remarks>
    protected void Start(Func<CancellationToken, Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (Link is { Mount.IsLive: true } link)
        {
            link.Start(work, DispatchExceptionAsync);
        }
    }

    /// <summary>
    /// Deletes the view's stored state: all its persisted members, of every tab. When the handler that runs has ended, this view and its other instances, on every node, begin anew with
    /// their initialisers (<see cref="Mount.Found"/> is <see cref="Found.NotFound"/>), and none writes old state back.
    /// </summary>
    /// <returns>A task that has ended: what the handler does afterwards to the view is lost with it.</returns>
    /// <remarks>The event is acked when the deletion is durable. Nothing is deleted when the handler throws, and at a GET.</remarks>
    protected Task ClearStateAsync()
    {
        Link?.ClearState(this);
        return Task.CompletedTask;
    }

    /// <summary>Renders the view again: something outside of it changed its members.</summary>
    internal void Repaint() => StateHasChanged();

    private async Task InitialiseAsync(ParameterView parameters)
    {
        Link?.Restore(this);
        await base.SetParametersAsync(parameters);
        if (Link is { Mount: { Found: Found.Restored, Reason: not MountReason.FirstPaint } } link)
        {
            try
            {
                await OnRestoredAsync();
            }
            catch (Exception exception)
            {
                link.RestoredHookFailed(this, exception);
            }

            StateHasChanged();
        }
    }
}
