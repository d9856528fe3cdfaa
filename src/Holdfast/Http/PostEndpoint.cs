using System.Runtime.ExceptionServices;
using Holdfast.Connections;
using Holdfast.Diagnostics;
using Holdfast.Posts;
using Holdfast.Protocol;
using Holdfast.Rendering;
using Holdfast.Security;
using Holdfast.Sessions;
using Holdfast.State;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Holdfast.Http;

/// <summary>
/// Answers a POST of a page: another way for an event to reach the session. The page is mounted on the stored state, what was typed and pressed goes through
/// its queue as if it had come over a socket, and the answer waits until the effect is durable. Thread-safe.
/// </summary>
/// <remarks>See docs/protocol.md, "Pages without the script", for the answers. Nothing is done before the form is known to be ours, the visitor's and in time.</remarks>
internal sealed class PostEndpoint(
    PageEndpoint page,
    PageMounter mounter,
    PageRegistry pages,
    PageCatalog catalog,
    SessionRegistry sessions,
    SessionCookie cookie,
    Tickets tickets,
    FormStates forms,
    RecentPosts recent,
    OriginCheck origin,
    StoreMetrics metrics,
    TimeProvider time)
{
    /// <summary>The longest body: what a session may hold, as form fields.</summary>
    private const int MaxBytes = 1024 * 1024;
    private const int MaxFields = 10_000;

    /// <summary>How often a POST is run again on newer state when another node has written. Chosen: each means that somebody else got through.</summary>
    private const int MaxRuns = 5;

    /// <summary>What is posted was seen as it was served: patch 0.</summary>
    private const long SeenAt = 0;

    private const string RetryAfterSeconds = "2";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public async Task PostAsync(HttpContext context, PageRoute route)
    {
        if (!origin.Allows(context.Request))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "The form was posted by another site. Only the site's own pages may do that.");
            return;
        }

        var (fields, status) = await ReadAsync(context);
        if (fields is null || !forms.TryOpen(fields[ServedPage.StateField].ToString(), out var state) || !IsFor(state.Ticket, context.Request, route))
        {
            await RefuseAsync(context, fields is null ? status : StatusCodes.Status400BadRequest, "The form cannot be read: it is not one of this page. Load the page again, and repeat what you did.");
            return;
        }

        if (tickets.IsExpired(state.Ticket) || !JoinGate.IsTheirs(state.Ticket, context, cookie) || JoinGate.IsOfAnOlderBuild(state.Ticket, route.PageType))
        {
            await RefuseExpiredAsync(context, route);
            return;
        }

        await ApplyAsync(context, route, new PostedForm(state, fields));
    }

    private Task RefuseExpiredAsync(HttpContext context, PageRoute route)
    {
        context.Response.StatusCode = StatusCodes.Status409Conflict;
        return page.GetAsync(context, route, scope => scope.ExpiredText);
    }

    // ---- what was posted ----

    private static async Task<(IFormCollection? Fields, int Status)> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
        {
            return (null, StatusCodes.Status400BadRequest);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBytes;
        }

        try
        {
            var options = new FormOptions { ValueCountLimit = MaxFields, ValueLengthLimit = MaxBytes, MultipartBodyLengthLimit = MaxBytes, BufferBodyLengthLimit = MaxBytes };
            return (await context.Request.ReadFormAsync(options, context.RequestAborted), 0);
        }
        catch (BadHttpRequestException exception)
        {
            return (null, exception.StatusCode);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException && !context.RequestAborted.IsCancellationRequested)
        {
            return (null, StatusCodes.Status400BadRequest); // Cut off, malformed, or with more fields than any page has.
        }
    }

    private static bool IsFor(Ticket ticket, HttpRequest request, PageRoute route) =>
        ticket.View == route.PageType.FullName && ticket.Route == route.Template && ticket.PathBase == request.PathBase && ticket.Path == request.Path.ToUriComponent();

    // ---- what it does ----

    private async Task ApplyAsync(HttpContext context, PageRoute route, PostedForm form)
    {
        var address = route.AddressOf(form.State.Ticket, context.Request.RouteValues, context.Request);
        Session? session = null;
        if (address.Record is { Key: var key })
        {
            try
            {
                session = await sessions.UseAsync(key, Patience, context.RequestAborted);
            }
            catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested)
            {
                metrics.ReadFailed(exception);
                await RefuseForNowAsync(context);
                return;
            }
        }

        try
        {
            await ApplyInTurnAsync(context, route, address, form, session);
        }
        finally
        {
            session?.Release();
        }
    }

    private async Task ApplyInTurnAsync(HttpContext context, PageRoute route, PageAddress address, PostedForm form, Session? session)
    {
        if (session is not null && !await TryEnterAsync(session, context.RequestAborted))
        {
            await RefuseForNowAsync(context);
            return;
        }

        try
        {
            if (recent.TryGet(form.Key, out var location))
            {
                SeeOther(context, location);
                return;
            }

            for (var run = 1; !await RunAsync(context, route, address, form, session); run++)
            {
                if (run == MaxRuns)
                {
                    await RefuseForNowAsync(context);
                    return;
                }
            }
        }
        finally
        {
            session?.ExitPost();
        }
    }

    private async Task<bool> TryEnterAsync(Session session, CancellationToken aborted)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, aborted);
        try
        {
            await session.EnterPostAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!aborted.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Runs what was posted on the state as it is now, and answers.</summary>
    /// <returns>False when another node has written meanwhile, so that nothing of it counts.</returns>
    private async Task<bool> RunAsync(HttpContext context, PageRoute route, PageAddress address, PostedForm form, Session? session)
    {
        var client = new PostClient(form.Events.Count);
        MountedPage mounted;
        try
        {
            mounted = await MountAsync(context, address, form, session);
        }
        catch (SupersededException)
        {
            return false;
        }
        catch (UnreadStateException)
        {
            await RefuseForNowAsync(context);
            return true;
        }
        catch (ForeignRecordException)
        {
            await RefuseExpiredAsync(context, route);
            return true;
        }

        try
        {
            var shown = await mounted.ConnectAsync(client, form.State.Digest).WaitAsync(context.RequestAborted);
            if (client.Url is { } elsewhere)
            {
                SeeOther(context, elsewhere); // The page led away before anything of the POST was done.
                return true;
            }

            var failure = await RunAsync(mounted, client, form, shown).WaitAsync(context.RequestAborted);
            return await AnswerAsync(context, mounted, client, form, failure);
        }
        finally
        {
            pages.End(mounted);
        }
    }

    private async Task<MountedPage> MountAsync(HttpContext context, PageAddress address, PostedForm form, Session? session)
    {
        var identity = new PageIdentity(InstanceName.New(), form.Tab ?? TabPart.OfPosts, form.Key, TabPart.CarriedBy(form.Key));
        var terms = new MountTerms(MountReason.Post)
        {
            RootType = catalog.ShellType,
            Session = session,
            Ticket = tickets.Issue(Renewed(form.State.Ticket)),
            Carried = CarriedBy(form.State, PersistedView.Of(address.PageType)),
        };
        var mounting = mounter.MountAsync(address, identity, context.User, terms, context.RequestAborted);
        try
        {
            return await mounting.WaitAsync(context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            _ = mounting.ContinueWith(mounted => pages.End(mounted.Result), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>The members of the tab that the form carries, brought from the version of the build that served it.</summary>
    /// <exception cref="UnreadStateException">This build does not take that version.</exception>
    private Dictionary<string, byte[]>? CarriedBy(FormState state, PersistedView view)
    {
        if (state.Members is not { Count: > 0 })
        {
            return null;
        }

        var part = new TabPart();
        part.ReplaceMembers(state.Members.Select(member => KeyValuePair.Create(member.Key, new TabPart.TabMember(member.Value, IsReconnect: false))));
        return SliceMigration.Run(view, state.Version, [], [part], metrics) is var status and not SliceStatus.Readable
            ? throw new UnreadStateException(view.Type, status)
            : part.Members.ToDictionary(member => member.Key, member => member.Value.Json);
    }

    /// <summary>Types and presses.</summary>
    /// <returns>What failed, or null.</returns>
    private static async Task<Exception?> RunAsync(MountedPage mounted, PostClient client, PostedForm form, IEnumerable<ServedForm> shown)
    {
        var settled = (int)mounted.Settled; // Where the same form came twice: what was done before is not done again.
        var items = form.Events.Select((address, index) => (WorkItem)new EventItem(new EventFrame(index + 1, SeenAt, address, null))).Skip(settled).ToList();
        if (settled == 0)
        {
            items.Insert(0, new FieldsItem(form.Changes(shown), SeenAt));
        }

        foreach (var item in items.Select(item => new PostedItem(item)))
        {
            mounted.Post(item);
            await Task.WhenAny(item.Completion, client.Ended);
            if (!item.Completion.IsCompleted)
            {
                return null; // A newer instance has written: the answer sees it.
            }

            if (await item.Completion is { } failure)
            {
                return failure;
            }
        }

        return null;
    }

    // ---- the answer ----

    private async Task<bool> AnswerAsync(HttpContext context, MountedPage mounted, PostClient client, PostedForm form, Exception? failure)
    {
        if (failure is EventException or StateException)
        {
            var isStale = failure is EventException;
            await ShowAsync(context, mounted, form, StatusCodes.Status409Conflict, scope => isStale ? scope.ChangedText : failure.Message);
            return true;
        }

        if (failure is not null)
        {
            if (mounted.IsDead)
            {
                ExceptionDispatchInfo.Throw(failure); // To the app's own error page.
            }

            await ShowAsync(context, mounted, form, StatusCodes.Status500InternalServerError, null);
            return true;
        }

        if (!await IsDurableAsync(context, client))
        {
            if (client.Ended.IsCompleted)
            {
                return false;
            }

            await RefuseForNowAsync(context);
            return true;
        }

        if (client.Url is null && await IsInvalidAsync(mounted))
        {
            await ShowAsync(context, mounted, form, StatusCodes.Status200OK, null);
            return true;
        }

        var location = PageThatFollows(mounted, form, client.Url ?? mounted.Address.Uri);
        recent.Add(form.Key, location);
        SeeOther(context, location);
        return true;
    }

    private async Task<bool> IsDurableAsync(HttpContext context, PostClient client)
    {
        try
        {
            await Task.WhenAny(client.Acked, client.Ended).WaitAsync(Patience, time, context.RequestAborted);
            return client.Acked.IsCompleted;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static async Task<bool> IsInvalidAsync(MountedPage mounted)
    {
        var isInvalid = false;
        await mounted.LookAsync(renderer => isInvalid = renderer.Components<EditForm>().Any(form => form.EditContext?.GetValidationMessages().Any() == true));
        return isInvalid;
    }

    /// <summary>Where the answer leads: an absolute address, since a path that begins with two slashes would be another site's. The page itself finds the members of its tab there.</summary>
    private string PageThatFollows(MountedPage mounted, PostedForm form, string url)
    {
        var isSamePage = Uri.TryCreate(url, UriKind.Absolute, out var target) && target.GetLeftPart(UriPartial.Path) == new Uri(mounted.Address.Uri).GetLeftPart(UriPartial.Path);
        return isSamePage && mounted.TabMembers.Count > 0 ? CarriedToken.AddTo(url, form.Key, time.GetUtcNow()) : url;
    }

    /// <summary>Answers with the page as the POST left it.</summary>
    private async Task ShowAsync(HttpContext context, MountedPage mounted, PostedForm form, int status, Func<PageScope, string>? notice)
    {
        using var html = new HtmlBuffer();
        var members = mounted.TabMembers;
        var ticket = Renewed(form.State.Ticket);
        await mounted.LookAsync(renderer =>
        {
            var served = new ServedPage(renderer, (page, served) => forms.Protect(new FormState(ticket, page.Digest, served.Submit, served.Controls, members, PersistedView.Of(mounted.Address.PageType).Version)))
            {
                Notice = notice?.Invoke(mounted.PageScope),
            };
            using var writer = new PageWriter(renderer, html, withDigest: false) { IsShell = true, Served = served };
            writer.WriteContent(renderer.RootId);
        });
        if (!await ShowsStoredAsync(context, mounted))
        {
            await RefuseForNowAsync(context);
            return;
        }

        context.Response.StatusCode = status;
        await PageEndpoint.SendAsync(context, html);
    }

    /// <summary>Whether the page may be shown: where what it shows must be stored first, whether it is.</summary>
    private async Task<bool> ShowsStoredAsync(HttpContext context, MountedPage mounted)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.RequestAborted);
        try
        {
            await mounted.UntilStoredAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            return false;
        }
    }

    private Ticket Renewed(Ticket ticket) => ticket with { Expires = tickets.Expiry() };

    private static void SeeOther(HttpContext context, string location)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = location;
        context.Response.Headers.CacheControl = "no-store";
    }

    private static Task RefuseForNowAsync(HttpContext context)
    {
        context.Response.Headers.RetryAfter = RetryAfterSeconds;
        return RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "What you did could not be stored yet. Load this page again to repeat it; it counts only once.");
    }

    private static Task RefuseAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
