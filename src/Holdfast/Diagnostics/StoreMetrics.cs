using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Holdfast.Diagnostics;

/// <summary>What is measured and logged of the store. Thread-safe.</summary>
internal sealed partial class StoreMetrics(HoldfastMeter meter, ILogger<StoreMetrics> logger)
{
    private readonly Histogram<double> _duration = meter.Meter.CreateHistogram<double>(
        "holdfast.store.write.duration", "s", "How long a write of a session took.");

    private readonly Counter<long> _conflicts = meter.Meter.CreateCounter<long>(
        "holdfast.store.conflict", "{conflict}", "Writes that met another node's, and were merged or dropped.");

    private readonly Counter<long> _failures = meter.Meter.CreateCounter<long>(
        "holdfast.store.failure", "{failure}", "Reads and writes that the store failed.");

    private readonly Counter<long> _evicted = meter.Meter.CreateCounter<long>(
        "holdfast.session.evicted", "{part}", "Parts of tabs, and views' states, that were removed because a session was at its limit.");

    private readonly ConcurrentDictionary<(Type View, int Stored, int Own), bool> _said = new();

    /// <summary>Says what was removed to make room.</summary>
    public void Evicted(int tabs, int views)
    {
        _evicted.Add(tabs + views);
        LogEvicted(tabs, views);
    }

    public void Wrote(TimeSpan duration, bool committed)
    {
        _duration.Record(duration.TotalSeconds);
        if (!committed)
        {
            _conflicts.Add(1);
        }
    }

    public void WriteFailed(Exception exception, TimeSpan delay)
    {
        _failures.Add(1);
        LogWriteFailed(delay.TotalMilliseconds, exception);
    }

    public void ReadFailed(Exception exception)
    {
        _failures.Add(1);
        LogReadFailed(exception);
    }

    /// <summary>Says once per process that a view does not take a stored version.</summary>
    public void VersionNotTaken(Type view, int stored, int own)
    {
        if (_said.TryAdd((view, stored, own), true))
        {
            LogVersionNotTaken(view, stored, own);
        }
    }

    /// <summary>Says once per process that a view's migration from a version failed.</summary>
    public void MigrationFailed(Type view, int stored, int own, Exception exception)
    {
        if (_said.TryAdd((view, stored, own), true))
        {
            LogMigrationFailed(view, stored, own, exception);
        }
    }

    public void SliceUnreadable(Type view, int entries) => LogSliceUnreadable(view, entries);

    /// <summary>The node has stopped with sessions that are not durable. Counts only: nothing of a session is logged.</summary>
    public void FlushEnded(int unsaved, int unwritten) => LogFlushEnded(unsaved, unwritten);

    public void NotCarriedOver(string slice, int visitors, int users) => LogNotCarriedOver(slice, visitors, users);

    [LoggerMessage(100, LogLevel.Error, "The session store failed to write. The change is kept in memory and written again in {Delay} ms; until then pages show 'unsaved'.")]
    private partial void LogWriteFailed(double delay, Exception exception);

    [LoggerMessage(102, LogLevel.Warning, "A session was at its limit: what {Tabs} tabs had that were not seen for an hour, and the state of {Views} views that no tab has open, was removed.")]
    private partial void LogEvicted(int tabs, int views);

    public void SignOutFailed(Exception exception)
    {
        _failures.Add(1);
        LogSignOutFailed(exception);
    }

    public void NoticeFailed(Exception exception)
    {
        _failures.Add(1);
        LogNoticeFailed(exception);
    }

    [LoggerMessage(105, LogLevel.Error, "A user signed out, and the session's state could not be deleted at once. The browser's cookies are gone, so nobody can come back to it; it is deleted when the store answers, or ends with its lifetime.")]
    private partial void LogSignOutFailed(Exception exception);

    [LoggerMessage(106, LogLevel.Warning, "Other nodes could not be told that a session was deleted or has another owner. They find out at their next look, within 5 minutes.")]
    private partial void LogNoticeFailed(Exception exception);

    [LoggerMessage(101, LogLevel.Error, "The session store failed to read.")]
    private partial void LogReadFailed(Exception exception);

    [LoggerMessage(110, LogLevel.Warning, "State of view '{View}' has version {Stored}, which this build (version {Own}) does not take. Such pages are sent to other servers; where none takes it, they wait. Take the version in MigrateState.")]
    private partial void LogVersionNotTaken(Type view, int stored, int own);

    [LoggerMessage(111, LogLevel.Error, "MigrateState of view '{View}' threw on state of version {Stored} (this build has {Own}). The state is left as it is, and the view's events are refused. Correct MigrateState, and deploy again.")]
    private partial void LogMigrationFailed(Type view, int stored, int own, Exception exception);

    [LoggerMessage(113, LogLevel.Warning, "At a sign-in the visitor's state under '{Slice}' (version {Visitors}) was not carried over: the user has some of version {Users}. The user's stays.")]
    private partial void LogNotCarriedOver(string slice, int visitors, int users);

    [LoggerMessage(112, LogLevel.Warning, "State of view '{View}' cannot be read ({Entries} entries). The view begins without it; the next write sets the bytes aside.")]
    private partial void LogSliceUnreadable(Type view, int entries);

    [LoggerMessage(103, LogLevel.Error, "The node stops with {Unwritten} of {Unsaved} changed sessions not stored: their store took none of them for too long, or the host's shutdown timeout was over. "
        + "Nothing that was acked is lost; pages that are still open send the rest again.")]
    private partial void LogFlushEnded(int unsaved, int unwritten);
}
