using System.Security.Claims;
using Holdfast.Rendering;
using Holdfast.State;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Sessions;

/// <summary>Prepares the services of one page's scope before anything in it is rendered.</summary>
internal interface IPageScopeSetup
{
    /// <param name="scope">The scope.</param>
    /// <param name="address">Which page.</param>
    /// <param name="user">Who it is for.</param>
    /// <param name="navigate">Leads elsewhere.</param>
    /// <param name="notFound">The page says that there is nothing at its address.</param>
    void Prepare(IServiceProvider scope, PageAddress address, ClaimsPrincipal user, Action<string> navigate, Action notFound);
}

/// <summary>Why a page is mounted, and on top of what.</summary>
/// <param name="Reason">Why.</param>
internal sealed record MountTerms(MountReason Reason)
{
    /// <summary>Whether the page was opened anew in its tab.</summary>
    public bool IsFresh { get; init; }

    /// <summary>Whether the document has had state here before.</summary>
    public bool ExpectsState { get; init; }

    /// <summary>The highest event that the document knows to be acked.</summary>
    public long Acked { get; init; }

    /// <summary>The highest event that an earlier instance on this node has settled.</summary>
    public long Settled { get; init; }

    /// <summary>What is rendered: the page, or the document around it too.</summary>
    public Type RootType { get; init; } = typeof(PageHost);

    /// <summary>The ticket that the document is written with.</summary>
    public string? Ticket { get; init; }

    /// <summary>The session, where it was read just now; else it is read.</summary>
    public Session? Session { get; init; }

    /// <summary>The members of a tab that no script names, as its form carried them.</summary>
    public IReadOnlyDictionary<string, byte[]>? Carried { get; init; }
}

/// <summary>The page was fenced off while it was mounted: another node writes its tab.</summary>
internal sealed class SupersededException(Type pageType)
    : InvalidOperationException($"Page '{pageType}' was fenced off while it was mounted: another node writes its tab. The browser joins again.");

/// <summary>The page's state is there, and this build cannot bring it to its version: nothing may run on defaults in its place.</summary>
internal sealed class UnreadStateException(Type pageType, SliceStatus status)
    : InvalidOperationException($"Page '{pageType}' cannot be mounted: its state is of another version ({status}). A server whose MigrateState takes it will mount it.");

/// <summary>
/// Mounts a page for a document: one scope, one renderer, one dispatcher; restored from the session as it is in the store now.
/// </summary>
internal sealed class PageMounter(IServiceScopeFactory scopes, SessionRegistry sessions, PageRegistry pages, PageServices services, IPageScopeSetup setup)
{
    /// <param name="address">Which page.</param>
    /// <param name="identity">For which tab and document, under which new instance name.</param>
    /// <param name="user">Who it is for.</param>
    /// <param name="terms">Why, and on top of what.</param>
    /// <param name="cancellationToken">Ends the wait for the store.</param>
    /// <exception cref="SupersededException">Another node writes the tab.</exception>
    /// <exception cref="UnreadStateException">The state is of a version that this build does not take; for a POST also where the migration failed.</exception>
    /// <exception cref="ForeignRecordException">The session is another's by now, or was deleted.</exception>
    /// <exception cref="Exception">The store cannot be read, or the page's initialisation failed.</exception>
    public async Task<MountedPage> MountAsync(PageAddress address, PageIdentity identity, ClaimsPrincipal user, MountTerms terms, CancellationToken cancellationToken)
    {
        var session = await UseAsync(address, terms.Session, cancellationToken).ConfigureAwait(false);
        var view = PersistedView.Of(address.PageType);
        var status = session?.Look(address.SliceKey, view) ?? SliceStatus.Empty;
        if (session is not null && status is SliceStatus.OtherVersion or SliceStatus.Failed)
        {
            session.Release();
            session = null; // What could not be read is not written either.
            if (status == SliceStatus.OtherVersion || terms.Reason == MountReason.Post)
            {
                throw new UnreadStateException(address.PageType, status);
            }
        }

        var scope = scopes.CreateAsyncScope();
        var page = new MountedPage(services, scope.ServiceProvider, scope, address, identity, terms.Reason);
        pages.Add(page);
        if (session is not null)
        {
            page.Hold(session);
        }

        try
        {
            setup.Prepare(scope.ServiceProvider, address, user, page.NavigateTo, page.NotFound);
            page.PageScope.Ticket = terms.Ticket;
            var found = status == SliceStatus.Failed ? Found.Error : Found.New;
            var settled = terms.Settled;
            if (session is not null)
            {
                found = status == SliceStatus.Readable ? Found.Restored : terms.ExpectsState ? Found.NotFound : Found.New;
                var lease = session.Lease(address.SliceKey, view, identity, terms.IsFresh, address.Record!.Owner, page);
                page.Hold(lease);
                settled = Math.Max(settled, session.Watermark(lease, identity.Document));
            }

            if (address.Browser is { } browser)
            {
                var watched = await sessions.UseAsync(browser.Key, cancellationToken).ConfigureAwait(false);
                page.Watch(watched);
                page.Watch(watched.Watch(identity, browser.Owner, page));
            }

            await page.MountAsync(found, settled, terms).ConfigureAwait(false);
            return page.IsDead ? throw new SupersededException(address.PageType) : page;
        }
        catch
        {
            pages.End(page);
            throw;
        }
    }

    /// <summary>The page's own use of the session: it ends with the page.</summary>
    private async ValueTask<Session?> UseAsync(PageAddress address, Session? known, CancellationToken cancellationToken)
    {
        if (known is not null && known.TryUse())
        {
            return known;
        }

        return address.Record is { Key: var key } ? await sessions.UseAsync(key, cancellationToken).ConfigureAwait(false) : null;
    }
}
