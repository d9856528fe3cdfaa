using Holdfast.Connections;
using Holdfast.Stores;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Holdfast.Hosting;

/// <summary>Whether this node should get visitors: it is not shutting down, and its store answers. The answer may be public, so it names no host and no path, and
/// carries no exception; the log has those.</summary>
/// <remarks>Owns one read of a key that nobody has. While it hangs no other is begun, so that checks do not pile up on a store that is in trouble. Called from any thread.</remarks>
internal sealed partial class NodeHealthCheck(ISessionStore store, ConnectionRegistry connections, TimeProvider time, ILogger<NodeHealthCheck> logger) : IHealthCheck
{
    private const string ProbeKey = "holdfast:health";

    /// <summary>Chosen: as long as a GET waits for the store by default; load balancers ask every few seconds.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private Task _probe = Task.CompletedTask;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (connections.IsDraining)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "The node is shutting down.");
        }

        try
        {
            await Probe().WaitAsync(Timeout, time, cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy("The session store answers.");
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            LogNoAnswer(Timeout.TotalSeconds);
            return new HealthCheckResult(context.Registration.FailureStatus, "The session store does not answer.");
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogFailure(exception);
            return new HealthCheckResult(context.Registration.FailureStatus, "The session store fails.");
        }
    }

    private Task Probe()
    {
        lock (_gate)
        {
            // On another thread, because a store may block the one that reads.
            return _probe = _probe.IsCompleted ? Task.Run(ReadAsync) : _probe;
        }
    }

    private async Task ReadAsync()
    {
        using var ended = new CancellationTokenSource(Timeout, time);
        await store.ReadAsync(ProbeKey, 0, ended.Token).ConfigureAwait(false);
    }

    [LoggerMessage(150, LogLevel.Warning, "The node is reported as unhealthy: the session store did not answer a read within {Seconds} s.")]
    private partial void LogNoAnswer(double seconds);

    [LoggerMessage(151, LogLevel.Warning, "The node is reported as unhealthy: the session store failed to read.")]
    private partial void LogFailure(Exception exception);
}
