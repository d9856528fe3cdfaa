using System.Globalization;
using System.Security.Claims;
using Holdfast.Rendering;
using Holdfast.Sessions;
using Holdfast.State;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Http;

/// <summary>Prepares the services of a page's scope: where it is, who uses it, how it leads elsewhere.</summary>
internal sealed class PageScopeSetup : IPageScopeSetup
{
    public void Prepare(IServiceProvider scope, PageAddress address, ClaimsPrincipal user, Action<string> navigate)
    {
        var page = scope.GetRequiredService<PageScope>();
        page.PageType = address.PageType;
        page.Parameters = address.Parameters;
        page.HasTabState = PersistedView.Of(address.PageType).HasTabMembers;
        (scope.GetRequiredService<NavigationManager>() as LiveNavigationManager)?.Begin(address.BaseUri, address.Uri, navigate);
        (scope.GetRequiredService<AuthenticationStateProvider>() as LiveAuthenticationStateProvider)?.Begin(user);
    }
}

/// <summary>Where a page is. Leading elsewhere loads the other page.</summary>
internal sealed class LiveNavigationManager : NavigationManager
{
    private Action<string>? _navigate;

    public void Begin(string baseUri, string uri, Action<string> navigate)
    {
        _navigate = navigate;
        Initialize(baseUri, uri);
    }

    protected override void NavigateToCore(string uri, NavigationOptions options) => _navigate?.Invoke(ToAbsoluteUri(uri).ToString());
}

/// <summary>Who uses a page: the user of the request that it came with.</summary>
internal sealed class LiveAuthenticationStateProvider : AuthenticationStateProvider
{
    private Task<AuthenticationState> _state = Task.FromResult(new AuthenticationState(new ClaimsPrincipal(new ClaimsIdentity())));

    public void Begin(ClaimsPrincipal user) => _state = Task.FromResult(new AuthenticationState(user));

    public override Task<AuthenticationState> GetAuthenticationStateAsync() => _state;
}
