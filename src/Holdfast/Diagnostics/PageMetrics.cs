using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Holdfast.Rendering;
using Microsoft.Extensions.Logging;

namespace Holdfast.Diagnostics;

/// <summary>What is measured and logged of pages, their views and events. Thread-safe.</summary>
internal sealed partial class PageMetrics(HoldfastMeter meter, ILogger<PageMetrics> logger)
{
    private readonly UpDownCounter<long> _mounted = meter.Meter.CreateUpDownCounter<long>("holdfast.page.mounted", "{page}", "Pages in memory.");
    private readonly Counter<long> _events = meter.Meter.CreateCounter<long>("holdfast.event", "{event}", "Events that ran a handler.");
    private readonly Counter<long> _failedEvents = meter.Meter.CreateCounter<long>("holdfast.event.failed", "{event}", "Events that were refused or failed.");
    private readonly Counter<long> _failedViews = meter.Meter.CreateCounter<long>("holdfast.view.failed", "{view}", "Views that threw.");
    private readonly Counter<long> _superseded = meter.Meter.CreateCounter<long>("holdfast.page.superseded", "{page}", "Pages that were fenced off by a newer instance.");
    private readonly Counter<long> _replaced = meter.Meter.CreateCounter<long>("holdfast.page.replaced", "{page}", "Joins of documents that showed something else, and were sent the page's HTML.");
    private readonly ConcurrentDictionary<(Type, Type), bool> _said = new();

    /// <summary>Begins the activity of an event, if somebody listens: a trace of its own, not a part of the socket's request.</summary>
    public Activity? BeginEvent(Type page, string eventName, Delegate? handler)
    {
        _events.Add(1);
        if (!HoldfastMeter.Activities.HasListeners())
        {
            return null;
        }

        Activity.Current = null;
        var activity = HoldfastMeter.Activities.StartActivity("holdfast.event");
        activity?.SetTag("holdfast.page", page.FullName);
        activity?.SetTag("holdfast.event", eventName);
        activity?.SetTag("holdfast.handler", HandlerIdentity.NameOf(handler));
        return activity;
    }

    public void Mounted(int change) => _mounted.Add(change);

    public void Replaced(Type page) => _replaced.Add(1, new KeyValuePair<string, object?>("holdfast.page", page.FullName));

    public void Superseded() => _superseded.Add(1);

    public void EventFailed(Type page, long settled, string code, Exception exception)
    {
        _failedEvents.Add(1, new KeyValuePair<string, object?>("error.type", code));
        if (code == "failed")
        {
            LogEventFailed(page, settled, exception);
        }
        else
        {
            LogEventRefused(page, settled, code, exception.Message);
        }
    }

    public void ViewFailed(Type view, Exception exception)
    {
        _failedViews.Add(1);
        LogViewFailed(view, exception);
    }

    public void HookFailed(Type view, string hook, Exception exception) => LogHookFailed(view, hook, exception);

    public void BoundaryCaught(Exception exception) => LogBoundaryCaught(exception);

    public void MemberUnreadable(Type view, string member, Exception exception) => LogMemberUnreadable(view, member, exception);

    public void NotFoundAtMount(Type page) => LogNotFoundAtMount(page);

    /// <summary>Says once per process that an embedded view does not persist.</summary>
    public void EmbeddedWithoutId(Type parent, Type child)
    {
        if (_said.TryAdd((parent, child), true))
        {
            LogEmbeddedWithoutId(child, parent);
        }
    }

    [LoggerMessage(200, LogLevel.Error, "Event {Ref} of page '{Page}' failed; what it changed is undone, and it is not run again.")]
    private partial void LogEventFailed(Type page, long @ref, Exception exception);

    [LoggerMessage(201, LogLevel.Warning, "Event {Ref} of page '{Page}' was refused ({Code}): {Reason}")]
    private partial void LogEventRefused(Type page, long @ref, string code, string reason);

    [LoggerMessage(202, LogLevel.Error, "View '{View}' failed, and is mounted anew from its stored state.")]
    private partial void LogViewFailed(Type view, Exception exception);

    [LoggerMessage(203, LogLevel.Error, "{Hook} of view '{View}' threw; the view goes on.")]
    private partial void LogHookFailed(Type view, string hook, Exception exception);

    [LoggerMessage(204, LogLevel.Warning, "The stored value of '{View}.{Member}' cannot be read; the member keeps its initialiser.")]
    private partial void LogMemberUnreadable(Type view, string member, Exception exception);

    [LoggerMessage(207, LogLevel.Warning, "Page '{Page}' called NotFound when it was mounted for its browser, which shows its HTML already; nothing is done. Call it in the GET too, where it becomes the answer 404.")]
    private partial void LogNotFoundAtMount(Type page);

    [LoggerMessage(206, LogLevel.Warning, "An error boundary of a page caught an exception, and shows its error content.")]
    private partial void LogBoundaryCaught(Exception exception);

    [LoggerMessage(205, LogLevel.Warning, "View '{View}' has persisted members, but is embedded in page '{Page}' without an id: it does not persist. Give it a sticky id, or persist its state in the page.")]
    private partial void LogEmbeddedWithoutId(Type view, Type page);
}
