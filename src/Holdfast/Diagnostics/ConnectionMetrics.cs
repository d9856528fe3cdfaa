using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Holdfast.Diagnostics;

/// <summary>What is measured and logged of connections. Thread-safe.</summary>
internal sealed partial class ConnectionMetrics(HoldfastMeter meter, ILogger<ConnectionMetrics> logger)
{
    private readonly UpDownCounter<long> _active = meter.Meter.CreateUpDownCounter<long>("holdfast.connection.active", "{connection}", "Open sockets.");
    private readonly Counter<long> _rejected = meter.Meter.CreateCounter<long>("holdfast.connection.rejected", "{connection}", "Sockets that were refused.");
    private readonly Counter<long> _joins = meter.Meter.CreateCounter<long>("holdfast.join", "{join}", "Joins, by what was found.");
    private readonly Counter<long> _violations = meter.Meter.CreateCounter<long>("holdfast.frame.invalid", "{frame}", "Frames that were no documented shape.");

    public void Active(int change) => _active.Add(change);

    public void Rejected(string reason) => _rejected.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Joined(string found) => _joins.Add(1, new KeyValuePair<string, object?>("found", found));

    public void Violation(string kind)
    {
        _violations.Add(1, new KeyValuePair<string, object?>("kind", kind));
        LogViolation(kind);
    }

    public void JoinFailed(Type page, Exception exception) => LogJoinFailed(page, exception);

    public void OriginRefused(string origin, string expected) => LogOriginRefused(origin, expected);

    [LoggerMessage(300, LogLevel.Information, "A connection sent what is no frame ({Kind}) and was closed.")]
    private partial void LogViolation(string kind);

    [LoggerMessage(301, LogLevel.Error, "Page '{Page}' could not be mounted for a join; the browser tries again.")]
    private partial void LogJoinFailed(Type page, Exception exception);

    [LoggerMessage(302, LogLevel.Warning, "A request from origin '{Origin}' was refused: this app is at '{Expected}'. Behind a proxy, add UseForwardedHeaders before MapHoldfast so that scheme and host are the browser's.")]
    private partial void LogOriginRefused(string origin, string expected);
}
