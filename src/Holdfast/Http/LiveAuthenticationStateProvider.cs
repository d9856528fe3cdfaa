using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;

namespace Holdfast.Http;

/// <summary>Who uses a page: the user of the request that it came with. Scoped; where the app registered another one, that is told instead.</summary>
internal sealed class LiveAuthenticationStateProvider : AuthenticationStateProvider, IHostEnvironmentAuthenticationStateProvider
{
    private Task<AuthenticationState> _state = Task.FromResult(new AuthenticationState(new ClaimsPrincipal(new ClaimsIdentity())));

    public void SetAuthenticationState(Task<AuthenticationState> authenticationStateTask)
    {
        _state = authenticationStateTask;
        NotifyAuthenticationStateChanged(_state);
    }

    public override Task<AuthenticationState> GetAuthenticationStateAsync() => _state;
}
