using Holdfast.Security;
using Holdfast.Stores;
using Microsoft.Extensions.Hosting;

namespace Holdfast.Hosting;

/// <summary>Opens the store before the server takes requests, so that one which cannot be opened stops the start, not a first visit.</summary>
internal sealed class StoreStartup(ISessionStore store, StorageKeys keys) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await store.OpenAsync(cancellationToken).ConfigureAwait(false);
        await keys.LoadAsync(store, cancellationToken).ConfigureAwait(false);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
