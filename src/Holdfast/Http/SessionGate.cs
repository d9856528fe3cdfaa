using Holdfast.Security;
using Holdfast.Sessions;
using Holdfast.State;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Holdfast.Http;

/// <summary>Which record a GET was given, read; null where the store did not answer.</summary>
/// <param name="Record">The claim to the record that the page's state is in.</param>
/// <param name="Browser">The claim to the browser's record, where the page's state is the user's.</param>
/// <param name="Session">The record.</param>
internal sealed record SessionEntry(RecordClaim Record, RecordClaim? Browser, Session? Session);

/// <summary>
/// Decides which record a GET is given, and gives the browser its cookie: a visitor's, or the user's who is signed in. Here a visitor's state is carried over to the user who
/// has signed in, and another user's is left behind. Thread-safe.
/// </summary>
internal sealed class SessionGate(SessionRegistry sessions, SessionCookie cookie, UserRecords users, IOptions<HoldfastOptions> options)
{
    /// <exception cref="Exception">What the store throws when it cannot be read. The browser's cookies are as they were.</exception>
    public async Task<SessionEntry> EnterAsync(HttpContext context, Type pageType)
    {
        var user = Tickets.UserOf(context.User);
        var (id, browser) = user is null ? await EnterAsVisitorAsync(context) : await EnterAsUserAsync(context, user);
        cookie.Write(context, id, user is not null);
        var claim = id.ClaimOf(user);
        if (user is null || !PersistedView.Of(pageType).IsOfUser)
        {
            return new SessionEntry(claim, null, browser);
        }

        browser.Release();
        var (key, record) = await users.UseAsync(user, options.Value.ReadTimeout, context.RequestAborted);
        return new SessionEntry(new RecordClaim(record.Key, new RecordOwner(key.TagOf(user), record.Owner.Generation)), claim, record);
    }

    /// <summary>Waits until what this node knows of a session now is stored, but no longer than for a read.</summary>
    public async Task<bool> IsStoredAsync(Session session, CancellationToken aborted)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        limit.CancelAfter(options.Value.ReadTimeout);
        try
        {
            await session.UntilDurableAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException) when (!aborted.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<(BrowserId Id, Session Session)> EnterAsVisitorAsync(HttpContext context)
    {
        if (cookie.Read(context, ofUser: false) is { } id)
        {
            var session = await UseAsync(id, context);
            if (session.Admits(id.ClaimOf(null).Owner))
            {
                return (id, session);
            }

            session.Release(); // A user's by now, or deleted: this cookie is dead.
        }

        return New();
    }

    private async Task<(BrowserId Id, Session Session)> EnterAsUserAsync(HttpContext context, string user)
    {
        var own = await OwnAsync(context, user);
        (BrowserId Id, Session Session)? visitor;
        try
        {
            visitor = await SignedInVisitorAsync(context, user);
        }
        catch
        {
            own?.Session.Release();
            throw;
        }

        if (visitor is null)
        {
            return own ?? New();
        }

        if (own is not { Session.Exists: true })
        {
            own?.Session.Release(); // It has nothing yet: the visitor's takes its place.
            cookie.Drop(context, ofUser: false);
            return visitor.Value;
        }

        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            limit.CancelAfter(options.Value.ReadTimeout); // It must not lay anything over the session when this use of it has ended.
            await own.Value.Session.CarryOverAsync(visitor.Value.Session, own.Value.Id.ClaimOf(user).Owner, limit.Token);
            var owner = visitor.Value.Session.Owner;
            await visitor.Value.Session.ChangeOwnerAsync(owner, new RecordOwner(null, owner.Generation + 1), keepsState: false, context.RequestAborted).WaitAsync(options.Value.ReadTimeout, context.RequestAborted);
            cookie.Drop(context, ofUser: false); // Not before: it is the way to what could not be carried over.
            return own.Value;
        }
        catch
        {
            own.Value.Session.Release();
            throw;
        }
        finally
        {
            visitor.Value.Session.Release();
        }
    }

    /// <summary>The session that this user already has in this browser. Another user's is deleted: nobody could come back to it.</summary>
    private async Task<(BrowserId Id, Session Session)?> OwnAsync(HttpContext context, string user)
    {
        if (cookie.Read(context, ofUser: true) is not { } id)
        {
            return null;
        }

        var session = await UseAsync(id, context);
        if (session.Admits(id.ClaimOf(user).Owner))
        {
            return (id, session);
        }

        var owner = session.Owner;
        if (owner.User is not null && owner.User != id.Key.TagOf(user) && owner.Generation <= id.Generation)
        {
            _ = session.ChangeOwnerAsync(owner, new RecordOwner(null, owner.Generation + 1), keepsState: false, CancellationToken.None);
        }

        session.Release();
        return null;
    }

    /// <summary>The visitor's session, which becomes the user's in one write: cookies of before are dead then. Null when there is nothing to carry over.</summary>
    private async Task<(BrowserId Id, Session Session)?> SignedInVisitorAsync(HttpContext context, string user)
    {
        if (cookie.Read(context, ofUser: false) is not { } id)
        {
            return null;
        }

        var session = await UseAsync(id, context);
        var isCarried = false;
        try
        {
            var owner = session.Owner;
            var next = new RecordOwner(id.Key.TagOf(user), id.Generation + 1);
            isCarried = owner == next // Another request of this browser was quicker.
                || (session.Exists && session.Admits(id.ClaimOf(null).Owner)
                    && await session.ChangeOwnerAsync(owner, next, keepsState: true, context.RequestAborted).WaitAsync(options.Value.ReadTimeout, context.RequestAborted))
                || session.Owner == next;
            return isCarried ? (id with { Generation = next.Generation }, session) : null;
        }
        finally
        {
            if (!isCarried)
            {
                session.Release();
            }
        }
    }

    private (BrowserId Id, Session Session) New()
    {
        var id = cookie.New();
        return (id, sessions.UseNew(id.Record));
    }

    private Task<Session> UseAsync(BrowserId id, HttpContext context) => sessions.UseAsync(id.Record, options.Value.ReadTimeout, context.RequestAborted);
}
