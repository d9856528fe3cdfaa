using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.Extensions.Logging;

namespace Holdfast.Http;

/// <summary>
/// Where a page is. Leading elsewhere loads the other page; that nothing is found here is the page's endpoint to say. Scoped; used on the page's dispatcher.
/// </summary>
/// <remarks>Where the app registered no other one, it is that of Blazor's own hosts too, which begin with it through <see cref="IHostEnvironmentNavigationManager"/>.</remarks>
internal sealed partial class LiveNavigationManager(ILogger<LiveNavigationManager> logger) : NavigationManager, IHostEnvironmentNavigationManager
{
    private Func<string, Task>? _navigate;

    /// <param name="baseUri">The absolute address of the app, with a slash at the end.</param>
    /// <param name="uri">The absolute address of the page.</param>
    /// <param name="navigate">Leads to an absolute address.</param>
    /// <param name="notFound">The page says that there is nothing at its address.</param>
    public void Begin(string baseUri, string uri, Action<string> navigate, Action notFound)
    {
        _navigate = url =>
        {
            navigate(url);
            return Task.CompletedTask;
        };
        Initialize(baseUri, uri);
        OnNotFound += (_, _) => notFound();
    }

    void IHostEnvironmentNavigationManager.Initialize(string baseUri, string uri) => Initialize(baseUri, uri);

    void IHostEnvironmentNavigationManager.Initialize(string baseUri, string uri, Func<string, Task> onNavigateTo)
    {
        _navigate = onNavigateTo;
        Initialize(baseUri, uri);
    }

    protected override void NavigateToCore(string uri, NavigationOptions options) => _ = NavigateAsync(ToAbsoluteUri(uri).AbsoluteUri, options.HistoryEntryState);

    public override void Refresh(bool forceReload = false) => NavigateTo(Uri, forceReload);

    protected override void SetNavigationLockState(bool value)
    {
        // Handlers are asked before this view leads elsewhere. Links are the browser's: they load the other page.
    }

    protected override void HandleLocationChangingHandlerException(Exception ex, LocationChangingContext context) => LogHandlerFailed(context.TargetLocation, ex);

    private async Task NavigateAsync(string uri, string? state)
    {
        if (_navigate is not { } navigate)
        {
            return;
        }

        try
        {
            if (await NotifyLocationChangingAsync(uri, state, isNavigationIntercepted: false))
            {
                await navigate(uri);
            }
        }
        catch (Exception exception)
        {
            LogHandlerFailed(uri, exception);
        }
    }

    [LoggerMessage(401, LogLevel.Error, "Navigating to '{Uri}' failed: a handler of location changes, or what the host does to lead there, threw.")]
    private partial void LogHandlerFailed(string uri, Exception exception);
}
