using Holdfast.Stores;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Security;

/// <summary>That the app wants its sessions encrypted. Wraps the store when it is made, so that it does not matter which was said first.</summary>
internal sealed record EncryptionAtRest(bool ReadsUnencrypted)
{
    /// <summary>The store as the app is to see it.</summary>
    public static ISessionStore Around(ISessionStore store, IServiceProvider services) =>
        services.GetService<EncryptionAtRest>() is { } encryption
            ? new EncryptedSessionStore(store, services.GetRequiredService<IDataProtectionProvider>(), encryption.ReadsUnencrypted)
            : store;
}
