using System.Security.Claims;
using Holdfast.Rendering;
using Holdfast.Sessions;
using Holdfast.State;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Http;

/// <summary>Prepares the services of a page's scope: where it is, who uses it, how it leads elsewhere.</summary>
internal sealed class PageScopeSetup : IPageScopeSetup
{
    public void Prepare(IServiceProvider scope, PageAddress address, ClaimsPrincipal user, Action<string> navigate, Action notFound)
    {
        var page = scope.GetRequiredService<PageScope>();
        page.PageType = address.PageType;
        page.Parameters = address.Parameters;
        page.HasTabState = PersistedView.Of(address.PageType).HasTabMembers;
        var navigation = scope.GetRequiredKeyedService<NavigationManager>(PageServiceProvider.Key);
        ((LiveNavigationManager)navigation).Begin(address.BaseUri, address.Uri, navigate, notFound);
        if (scope.GetRequiredService<NavigationManager>() is IHostEnvironmentNavigationManager other && !ReferenceEquals(other, navigation))
        {
            other.Initialize(address.BaseUri, address.Uri, url =>
            {
                navigate(url);
                return Task.CompletedTask;
            });
        }

        if (scope.GetRequiredService<AuthenticationStateProvider>() is IHostEnvironmentAuthenticationStateProvider authentication)
        {
            authentication.SetAuthenticationState(Task.FromResult(new AuthenticationState(user)));
        }
    }
}
