using System.Security.Claims;
using Holdfast.Rendering;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Sessions;

/// <summary>Prepares the services of one page's scope before anything in it is rendered.</summary>
internal interface IPageScopeSetup
{
    void Prepare(IServiceProvider scope, PageAddress address, ClaimsPrincipal user, Action<string> navigate);
}

/// <summary>
/// Mounts a page for a document: one scope, one renderer, one dispatcher; restored from the session as it is in the store now.
/// </summary>
internal sealed class PageMounter(IServiceScopeFactory scopes, SessionRegistry sessions, PageRegistry pages, PageServices services, IPageScopeSetup setup)
{
    /// <param name="address">Which page.</param>
    /// <param name="identity">For which tab and document, under which new instance name.</param>
    /// <param name="user">Who it is for.</param>
    /// <param name="reason">Why.</param>
    /// <param name="isFresh">Whether the page was opened anew in its tab.</param>
    /// <param name="expectsState">Whether the document has had state here before.</param>
    /// <param name="acked">The highest event that the document knows to be acked.</param>
    /// <param name="settled">The highest event that an earlier instance on this node has settled.</param>
    /// <param name="cancellationToken">Ends the wait for the store.</param>
    /// <exception cref="Exception">The store cannot be read, or the page's initialisation failed.</exception>
    public async Task<MountedPage> MountAsync(
        PageAddress address,
        PageIdentity identity,
        ClaimsPrincipal user,
        MountReason reason,
        bool isFresh,
        bool expectsState,
        long acked,
        long settled,
        CancellationToken cancellationToken)
    {
        var session = address.SessionKey is { } key ? await sessions.UseAsync(key, cancellationToken).ConfigureAwait(false) : null;
        var scope = scopes.CreateAsyncScope();
        var page = new MountedPage(services, scope.ServiceProvider, scope, address, identity, reason);
        pages.Add(page);
        try
        {
            setup.Prepare(scope.ServiceProvider, address, user, page.NavigateTo);
            var found = Found.New;
            if (session is not null)
            {
                page.Hold(session);
                found = session.Knows(address.SliceKey) ? Found.Restored : expectsState ? Found.NotFound : Found.New;
                var lease = session.Lease(address.SliceKey, identity.Tab, identity.Instance, isFresh, page);
                page.Hold(lease);
                settled = Math.Max(settled, session.Watermark(lease, identity.Document));
            }

            await page.MountAsync(found, acked, settled).ConfigureAwait(false);
            return page.IsDead
                ? throw new InvalidOperationException($"Page '{address.PageType}' was fenced off while it was mounted: another node writes its tab. The browser joins again.")
                : page;
        }
        catch
        {
            pages.End(page);
            throw;
        }
    }
}
