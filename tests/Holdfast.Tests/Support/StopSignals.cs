using Microsoft.Extensions.Hosting;

namespace Holdfast.Tests.Support;

/// <summary>A hosted service that tells when the host stops. Hosts tell their services in the reverse order of registration.</summary>
internal sealed class StopSignals : IHostedLifecycleService
{
    private readonly TaskCompletionSource _stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The host begins to stop, and waits for <see cref="GoOn"/>; the server still answers.</summary>
    public Task Stopping => _stopping.Task.WaitAsync(TimeSpan.FromSeconds(10));

    /// <summary>The server has ended its requests.</summary>
    public Task Stopped => _stopped.Task.WaitAsync(TimeSpan.FromSeconds(10));

    /// <summary>What the host waits for before it stops the server.</summary>
    public TaskCompletionSource GoOn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        _stopping.SetResult();
        return GoOn.Task;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        _stopped.SetResult();
        return Task.CompletedTask;
    }
}
