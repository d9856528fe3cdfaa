using System.Text;
using Holdfast.Diagnostics;
using Holdfast.Rendering;
using Holdfast.Security;
using Holdfast.Sessions;
using Holdfast.State;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Holdfast.Http;

/// <summary>Answers a GET of a page: steps 1 to 4 of docs/tour.md. Thread-safe.</summary>
internal sealed class PageEndpoint(
    PageCatalog catalog,
    SessionRegistry sessions,
    SessionCookie cookie,
    Tickets tickets,
    PageServices pages,
    StoreMetrics metrics,
    TimeProvider time,
    IOptions<HoldfastOptions> options)
{
    public async Task GetAsync(HttpContext context, PageRoute route)
    {
        var persisted = PersistedView.Of(route.PageType);
        var parameters = route.ParametersOf(context.Request.RouteValues);
        var sliceKey = route.SliceKey(context.Request.PathBase, parameters);
        var sessionKey = persisted.IsPersistent ? cookie.Issue(context) : null;
        var (session, found) = await ReadAsync(sessionKey, sliceKey, context.RequestAborted);
        try
        {
            await WriteAsync(context, route, parameters, sessionKey, sliceKey, session, found);
        }
        finally
        {
            session?.Release();
        }
    }

    /// <summary>Reads the session, if there can be one. A store that does not answer is not an empty session: the page says so.</summary>
    private async Task<(Session? Session, Found Found)> ReadAsync(string? sessionKey, string sliceKey, CancellationToken aborted)
    {
        if (sessionKey is null)
        {
            return (null, Found.New);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        using var timer = time.CreateTimer(static limit => ((CancellationTokenSource)limit!).Cancel(), limit, options.Value.ReadTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            var session = await sessions.UseAsync(sessionKey, limit.Token).AsTask().WaitAsync(limit.Token);
            return (session, session.Knows(sliceKey) ? Found.Restored : Found.New);
        }
        catch (Exception exception) when (!aborted.IsCancellationRequested)
        {
            metrics.ReadFailed(exception);
            return (null, Found.Error);
        }
    }

    private async Task WriteAsync(
        HttpContext context, PageRoute route, IReadOnlyDictionary<string, object?> parameters, string? sessionKey, string sliceKey, Session? session, Found found)
    {
        var request = context.Request;
        var services = context.RequestServices;
        var scope = services.GetRequiredService<PageScope>();
        scope.PageType = route.PageType;
        scope.Parameters = parameters;
        scope.HasTabState = PersistedView.Of(route.PageType).HasTabMembers;
        scope.Ticket = tickets.Issue(
            sessionKey, context.User, route.PageType, route.Template, request.PathBase, request.Path.ToUriComponent(), request.QueryString.ToUriComponent(), PageCulture.Current.Name);
        string? redirect = null;
        var isFound = true;
        services.GetRequiredService<PageScopeSetup>().Prepare(
            services,
            $"{request.Scheme}://{request.Host.ToUriComponent()}{request.PathBase.ToUriComponent()}/",
            $"{request.Scheme}://{request.Host.ToUriComponent()}{request.PathBase.ToUriComponent()}{request.Path.ToUriComponent()}{request.QueryString.ToUriComponent()}",
            context.User,
            url => redirect ??= url,
            notFound: () => isFound = false);

        using var html = new HtmlBuffer();
        await using (var paint = new FirstPaint(services, services.GetRequiredService<ILoggerFactory>(), pages, route.PageType, session, sliceKey, found))
        {
            try
            {
                await paint.RenderAsync(catalog.ShellType, html);
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

        await SendAsync(context, html);
    }

    private static async Task SendAsync(HttpContext context, HtmlBuffer html)
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
}
