using System.Security.Claims;
using Holdfast.Diagnostics;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Holdfast.Security;

/// <summary>The app's authentication service, around which a user who signs out loses the session of this browser: its state is deleted and its tabs, on every node, load anew.</summary>
internal sealed class SignOutService(
    IAuthenticationService inner,
    IAuthenticationSchemeProvider schemes,
    ILiveSessions sessions,
    StoreMetrics metrics,
    IOptions<HoldfastOptions> options,
    TimeProvider time) : IAuthenticationService
{
    public Task<AuthenticateResult> AuthenticateAsync(HttpContext context, string? scheme) => inner.AuthenticateAsync(context, scheme);

    public Task ChallengeAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) => inner.ChallengeAsync(context, scheme, properties);

    public Task ForbidAsync(HttpContext context, string? scheme, AuthenticationProperties? properties) => inner.ForbidAsync(context, scheme, properties);

    public Task SignInAsync(HttpContext context, string? scheme, ClaimsPrincipal principal, AuthenticationProperties? properties) => inner.SignInAsync(context, scheme, principal, properties);

    public async Task SignOutAsync(HttpContext context, string? scheme, AuthenticationProperties? properties)
    {
        await inner.SignOutAsync(context, scheme, properties);
        if (scheme is not null && scheme != (await schemes.GetDefaultAuthenticateSchemeAsync())?.Name)
        {
            return; // Of another login, such as an external one on its way.
        }

        try
        {
            // A store that does not answer must not keep the user signed in: the deletion goes on without this request.
            await sessions.DeleteAsync(context, CancellationToken.None).WaitAsync(options.Value.ReadTimeout, time, context.RequestAborted);
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested)
        {
            metrics.SignOutFailed(exception); // Who signs out is signed out: the cookies are gone.
        }
    }

    /// <summary>Puts itself around what the app has registered, or will be registered by default.</summary>
    public static void AddTo(IServiceCollection services)
    {
        if (services.LastOrDefault(service => service.ServiceType == typeof(SignOutService)) is not null)
        {
            return;
        }

        var known = services.LastOrDefault(service => service.ServiceType == typeof(IAuthenticationService) && !service.IsKeyedService);
        services.AddScoped(provider => new SignOutService(
            InnerOf(known, provider),
            provider.GetRequiredService<IAuthenticationSchemeProvider>(),
            provider.GetRequiredService<ILiveSessions>(),
            provider.GetRequiredService<StoreMetrics>(),
            provider.GetRequiredService<IOptions<HoldfastOptions>>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddScoped<IAuthenticationService>(provider => provider.GetRequiredService<SignOutService>());
    }

    private static IAuthenticationService InnerOf(ServiceDescriptor? known, IServiceProvider provider) => known switch
    {
        { ImplementationInstance: IAuthenticationService instance } => instance,
        { ImplementationFactory: { } factory } => (IAuthenticationService)factory(provider),
        { ImplementationType: { } type } => (IAuthenticationService)ActivatorUtilities.CreateInstance(provider, type),
        _ => ActivatorUtilities.CreateInstance<AuthenticationService>(provider),
    };
}
