using Holdfast.Connections;
using Holdfast.Protocol;
using Holdfast.Security;
using Holdfast.Sessions;
using Holdfast.State;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Http;

/// <summary>Checks the ticket of one joining document against the request of its socket: the session, the user, and whether the user may have the page.</summary>
internal sealed class JoinGate(HttpContext context, PageCatalog catalog, Tickets tickets, SessionCookie cookie) : IJoinGate
{
    public async ValueTask<(PageAddress? Address, string? Error, int CloseCode)> CheckAsync(string ticket)
    {
        if (!tickets.TryOpen(ticket, out var opened)
            || !IsTheirs(opened, context, cookie)
            || AddressOf(opened) is not { } address
            || IsOfAnOlderBuild(opened, address.PageType))
        {
            return (null, ErrorCode.Ticket, CloseCode.Ticket);
        }

        return await IsAllowedAsync(address.PageType)
            ? (address with { RenewAt = tickets.RenewAt(opened) }, null, 0)
            : (null, ErrorCode.Forbidden, CloseCode.Forbidden);
    }

    /// <summary>Whether a ticket is of the user and the session that a request comes with.</summary>
    public static bool IsTheirs(Ticket ticket, HttpContext context, SessionCookie cookie) =>
        ticket.User == Tickets.UserOf(context.User) && (ticket.Cookie is null || ticket.Cookie == cookie.ClaimOf(context));

    /// <summary>A view that had no persisted members when the page was loaded has some now: without a session nothing of it would be stored.</summary>
    public static bool IsOfAnOlderBuild(Ticket ticket, Type pageType) => ticket.Record is null && PersistedView.Of(pageType).IsPersistent;

    private PageAddress? AddressOf(Ticket ticket)
    {
        var path = PathString.FromUriComponent(ticket.Path).Value ?? "/";
        foreach (var route in catalog.RoutesOf(ticket.View))
        {
            if (route.Template == ticket.Route && route.Match(path) is { } values)
            {
                return route.AddressOf(ticket, values, context.Request);
            }
        }

        return null;
    }

    private async Task<bool> IsAllowedAsync(Type pageType)
    {
        var metadata = catalog.MetadataOf(pageType);
        if (metadata.GetMetadata<IAllowAnonymous>() is not null || metadata.GetOrderedMetadata<IAuthorizeData>() is not { Count: > 0 } demands)
        {
            return true;
        }

        var policies = context.RequestServices.GetRequiredService<IAuthorizationPolicyProvider>();
        if (await AuthorizationPolicy.CombineAsync(policies, demands, metadata.GetOrderedMetadata<AuthorizationPolicy>()) is not { } policy)
        {
            return true;
        }

        var evaluator = context.RequestServices.GetRequiredService<IPolicyEvaluator>();
        var authenticated = await evaluator.AuthenticateAsync(policy, context);
        var result = await evaluator.AuthorizeAsync(policy, authenticated, context, context);
        return result.Succeeded;
    }
}
