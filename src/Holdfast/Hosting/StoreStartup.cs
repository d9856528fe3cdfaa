using Holdfast.Security;
using Holdfast.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Holdfast.Hosting;

/// <summary>Opens the store before the server takes requests, so that one which cannot be opened, or was set up so that sessions would be lost or lie open, stops the start,
/// not a first visit.</summary>
internal sealed partial class StoreStartup(ISessionStore store, StorageKeys keys, IHostEnvironment environment, IServiceProvider services, ILogger<StoreStartup> logger) : IHostedLifecycleService
{
    private ISessionStore BareStore => store is EncryptedSessionStore encrypted ? encrypted.Inner : store;

    private string StoreName => BareStore.GetType().Name;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        CheckEncryption();
        await store.OpenAsync(cancellationToken).ConfigureAwait(false);
        CheckDurability();

        // The record that holds the storage key is protected by itself, and read whether values are encrypted or not.
        await keys.LoadAsync(BareStore, cancellationToken).ConfigureAwait(false);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void CheckEncryption()
    {
        if (services.GetService<EncryptionAtRest>() is null)
        {
            return;
        }

        if (store is not EncryptedSessionStore)
        {
            throw new InvalidOperationException(
                $"EncryptAtRest() was called, but the session store '{StoreName}' is not encrypted. It was registered as a service, past the builder that encrypts. "
                + "Register it by 'builder.Services.AddHoldfast().UseStore(services => …)' instead.");
        }

        if (new KeyRing(services).LiesOpenInStore)
        {
            throw new InvalidOperationException(
                $"EncryptAtRest() was called, but the Data Protection keys lie unprotected in the store '{StoreName}' itself. Whoever can read the sessions could read the keys beside them, so that nothing would be "
                + "gained. Protect them ('builder.Services.AddDataProtection().ProtectKeysWithCertificate(…)'), or keep them elsewhere ('.PersistKeysTo…(…)').");
        }
    }

    private void CheckDurability()
    {
        if (!environment.IsProduction())
        {
            return;
        }

        if (store.Durability == StoreDurability.Process)
        {
            LogProcess(StoreName);
        }
        else if (new KeyRing(services).IsEphemeral)
        {
            throw new InvalidOperationException(
                $"Sessions outlive this process in the store '{StoreName}', but the Data Protection keys do not: they are in memory only. With them end the cookies, so every restart would lose all sessions "
                + "though they are stored. Keep the keys too: 'builder.Services.AddDataProtection().PersistKeysTo…(…)', or use a store that keeps them, such as UseSqlite().");
        }
    }

    [LoggerMessage(140, LogLevel.Warning, "Sessions are kept by '{Store}', in the memory of this process: a restart or a deploy loses all of them. For Production choose a store that outlives it, such as UseSqlite().")]
    private partial void LogProcess(string store);
}
