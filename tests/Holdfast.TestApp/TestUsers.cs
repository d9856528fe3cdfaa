using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Holdfast.TestViews;

/// <summary>Believes everybody: the user is who the cookie, the header <c>X-User</c> or the query's <c>user</c> says.</summary>
public sealed class TestUsers(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : SignInAuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>The scheme's name.</summary>
    public new const string Scheme = "Test";

    /// <summary>The cookie's name.</summary>
    public const string Cookie = "test-user";

    /// <inheritdoc/>
    protected override Task HandleSignInAsync(ClaimsPrincipal user, AuthenticationProperties? properties)
    {
        Response.Cookies.Append(Cookie, user.Identity!.Name!);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override Task HandleSignOutAsync(AuthenticationProperties? properties)
    {
        Response.Cookies.Delete(Cookie);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var name = Request.Query["user"].FirstOrDefault() ?? Request.Headers["X-User"].FirstOrDefault() ?? Request.Cookies[Cookie];
        if (string.IsNullOrEmpty(name))
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, name), new Claim(ClaimTypes.Name, name)], Scheme);
        if (name == "admin")
        {
            identity.AddClaim(new Claim(ClaimTypes.Role, "admin"));
        }

        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme)));
    }
}
