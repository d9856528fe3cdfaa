using Holdfast.Connections;
using Holdfast.Diagnostics;
using Holdfast.Sessions;
using Holdfast.Stores;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Holdfast.Hosting;

/// <summary>
/// What happens at regular times and at the end: pages that waited too long end, silent connections too, sessions in use are kept alive, expired ones
/// swept. At shutdown no joins are taken, clients are sent away, and everything is written before the process ends.
/// </summary>
internal sealed class HoldfastLifetime(
    ISessionStore store,
    SessionRegistry sessions,
    PageRegistry pages,
    ConnectionRegistry connections,
    SessionNotices notices,
    StoreMetrics metrics,
    TimeProvider time,
    IOptions<HoldfastOptions> options) : IHostedLifecycleService, IAsyncDisposable
{
    // Chosen: fine enough for limits of seconds, too seldom to be seen in a profile.
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMinutes(5);

    /// <summary>For how long, at shutdown, no session may become durable before the rest is given up. Chosen: twice the longest pause between two tries of a write, so
    /// that each session gets one more, and a third of the time that a host has by default for its whole shutdown.</summary>
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(10);

    private readonly List<ITimer> _timers = [];

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => notices.StartAsync(cancellationToken);

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        Every(TickInterval, () =>
        {
            pages.EndExpired();
            connections.EndSilent();
            connections.Renew();
        });
        Every(KeepAliveInterval, sessions.KeepAlive);
        Every(LookInterval, () => _ = sessions.LookAsync());
        Every(options.Value.SweepInterval, () => _ = SweepAsync());
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        connections.Drain();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs after the server has ended its requests, so that nothing is added any more.</summary>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        var (unsaved, unwritten) = await sessions.FlushAsync(FlushPatience, cancellationToken).ConfigureAwait(false);
        if (unwritten > 0)
        {
            metrics.FlushEnded(unsaved, unwritten);
        }

        sessions.Abandon();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var timer in _timers)
        {
            await timer.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Every(TimeSpan interval, Action action) =>
        _timers.Add(time.CreateTimer(static action => ((Action)action!)(), action, interval, interval));

    private async Task SweepAsync()
    {
        try
        {
            await store.SweepAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            metrics.ReadFailed(exception);
        }
    }
}
