using System.Text;
using Holdfast.Diagnostics;
using Holdfast.Posts;
using Holdfast.Rendering;
using Holdfast.Security;
using Holdfast.Sessions;
using Holdfast.State;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace Holdfast.Http;

/// <summary>Answers a GET of a page: steps 1 to 4 of docs/tour.md. Thread-safe.</summary>
internal sealed class PageEndpoint(
    PageCatalog catalog,
    SessionGate gate,
    SessionCookie cookie,
    Tickets tickets,
    FormStates forms,
    PageServices pages,
    StoreMetrics metrics,
    TimeProvider time)
{
    /// <summary>Answers with the page as it is now.</summary>
    /// <param name="context">The request.</param>
    /// <param name="route">The page.</param>
    /// <param name="notice">What to say above it, chosen from the texts of the shell; null to say nothing.</param>
    public async Task GetAsync(HttpContext context, PageRoute route, Func<PageScope, string>? notice = null)
    {
        var entry = PersistedView.Of(route.PageType).IsPersistent ? await EnterAsync(context, route.PageType) : null;
        try
        {
            var ticket = TicketFor(context, route, entry);
            var address = route.AddressOf(ticket, context.Request.RouteValues, context.Request);
            var (session, found) = Look(entry, address);
            await WriteAsync(context, route, ticket, address, session, found, notice);
        }
        finally
        {
            entry?.Session?.Release();
        }
    }

    private Ticket TicketFor(HttpContext context, PageRoute route, SessionEntry? entry)
    {
        var request = context.Request;
        return tickets.For(
            entry?.Record, entry?.Browser, context.User, route.PageType, route.Template, request.PathBase, request.Path.ToUriComponent(), CarriedToken.QueryWithout(request), PageCulture.Current.Name);
    }

    /// <summary>Sends a document.</summary>
    public static async Task SendAsync(HttpContext context, HtmlBuffer html)
    {
        var response = context.Response;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.CacheControl = "private, no-cache";
        response.Headers.Append(HeaderNames.Vary, HeaderNames.Cookie);
        var length = Encoding.UTF8.GetByteCount(html.Written);
        response.ContentLength = length;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        Encoding.UTF8.GetBytes(html.Written, response.BodyWriter.GetSpan(length));
        response.BodyWriter.Advance(length);
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>A store that does not answer is not an empty session: the page says so, and once it is live it waits for the store, by a ticket that is made then.</summary>
    private async Task<SessionEntry> EnterAsync(HttpContext context, Type pageType)
    {
        try
        {
            var entry = await gate.EnterAsync(context, pageType);
            var isShown = false;
            try
            {
                isShown = await ShowsStoredAsync(context, pageType, entry.Session);
                return isShown ? entry : entry with { Session = null };
            }
            finally
            {
                if (!isShown)
                {
                    entry.Session?.Release();
                }
            }
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested)
        {
            metrics.ReadFailed(exception);
            return new SessionEntry(cookie.ClaimOf(context) ?? cookie.New().ClaimOf(Tickets.UserOf(context.User)), null, null);
        }
    }

    /// <summary>Whether what a page shows may be sent: where it must be stored first, whether it is.</summary>
    private async ValueTask<bool> ShowsStoredAsync(HttpContext context, Type pageType, Session? session) =>
        session is null || !PersistedView.Of(pageType).IsBeforePatch || await gate.IsStoredAsync(session, context.RequestAborted);

    private static (Session? Session, Found Found) Look(SessionEntry? entry, PageAddress address) => entry switch
    {
        null => (null, Found.New),
        { Session: null } => (null, Found.Error),
        { Session: { } session } => session.Look(address.SliceKey, PersistedView.Of(address.PageType)) switch
        {
            SliceStatus.Readable => (session, Found.Restored),
            SliceStatus.Empty => (session, Found.New),
            _ => (null, Found.Error),
        },
    };

    private async Task WriteAsync(HttpContext context, PageRoute route, Ticket ticket, PageAddress address, Session? session, Found found, Func<PageScope, string>? notice)
    {
        var services = context.RequestServices;
        string? redirect = null;
        var isFound = true;
        services.GetRequiredService<PageScopeSetup>().Prepare(services, address, context.User, url => redirect ??= url, notFound: () => isFound = false);
        var scope = services.GetRequiredService<PageScope>();
        scope.Ticket = tickets.Issue(ticket);

        var members = MembersLeftFor(context, route, address, session);
        using var html = new HtmlBuffer(route.LastLength);
        await using (var paint = new FirstPaint(services, services.GetRequiredService<ILoggerFactory>(), pages, address, session, found, members))
        {
            try
            {
                await paint.RenderAsync(
                    catalog.ShellType,
                    html,
                    (page, form) => forms.Protect(new FormState(ticket, page.Digest, form.Submit, form.Controls, members, PersistedView.Of(route.PageType).Version)),
                    notice is null ? null : () => notice(scope));
            }
            catch (Exception) when (redirect is not null || !isFound)
            {
                // The page went on without what it had asked for, and nothing of it is shown.
            }
        }

        if (redirect is not null)
        {
            context.Response.Redirect(redirect);
            return;
        }

        if (!isFound)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (!await ShowsStoredAsync(context, route.PageType, session))
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable; // The store failed since this GET began, after something changed.
            context.Response.Headers.RetryAfter = "1";
            return;
        }

        route.LastLength = html.Length;
        await SendAsync(context, html);
    }

    /// <summary>The members of the tab that a POST left for this page.</summary>
    private Dictionary<string, byte[]>? MembersLeftFor(HttpContext context, PageRoute route, PageAddress address, Session? session)
    {
        if (session is null || CarriedToken.PartOf(context.Request, time.GetUtcNow()) is not { } part)
        {
            return null;
        }

        var members = new Dictionary<string, byte[]>();
        foreach (var member in PersistedView.Of(route.PageType).Members)
        {
            if (session.ReadCarried(address.SliceKey, part, member) is { } json)
            {
                members.Add(member.Name, json);
            }
        }

        return members;
    }
}
