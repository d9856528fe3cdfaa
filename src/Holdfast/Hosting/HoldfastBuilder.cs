using Holdfast.Hosting;
using Holdfast.Security;
using Holdfast.Stores;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Holdfast;

/// <summary>What <c>AddHoldfast</c> returns: a store adds itself with one <c>UseX(…)</c>.</summary>
public sealed class HoldfastBuilder(IServiceCollection services)
{
    /// <summary>The app's services.</summary>
    public IServiceCollection Services { get; } = services;

    /// <summary>Makes a store the app's, in the place of any other, and opens it when the host starts. For packages that bring a store; an app calls
    /// their <c>UseX(…)</c>.</summary>
    /// <param name="store">Makes the store, once. It is disposed with the host.</param>
    /// <param name="keyRing">Makes what keeps the Data Protection keys in the same place; used where the app configured no key repository. Null: the
    /// store keeps none.</param>
    /// <param name="notifier">Makes the notifier that goes with the store. Null: only the nodes of this process tell each other.
    /// An <see cref="ISessionNotifier"/> that the app registers as a service wins over it.</param>
    public HoldfastBuilder UseStore<TStore>(
        Func<IServiceProvider, TStore> store, Func<IServiceProvider, IXmlRepository>? keyRing = null, Func<IServiceProvider, ISessionNotifier>? notifier = null)
        where TStore : class, ISessionStore
    {
        ArgumentNullException.ThrowIfNull(store);
        Services.RemoveAll<ISessionStore>();
        Services.RemoveAll<StoreKeyRing>();
        Services.RemoveAll<StoreNotifier>();
        Services.AddSingleton(provider => EncryptionAtRest.Around(store(provider), provider));
        if (keyRing is not null)
        {
            Services.AddSingleton(provider => new StoreKeyRing(keyRing(provider)));
        }

        if (notifier is not null)
        {
            Services.AddSingleton(new StoreNotifier(notifier));
        }

        Services.TryAddSingleton(StoreNotifier.OrLocal);
        Services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<KeyManagementOptions>, KeyRingDefaults>());
        Services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<DataProtectionOptions>, KeyRingDefaults>());
        return this;
    }

    /// <summary>Encrypts all that is stored of sessions with ASP.NET Core's Data Protection, in whichever store, before or after <c>UseX(…)</c>. Each value can be read
    /// only where it was stored: under its session, page and member.</summary>
    /// <remarks>
    /// <para>In clear stay what a store finds by: the session's key (which says nothing of cookie or user), revision and expiry, the paths of pages, the names of members, the ids of tabs, and the
    /// length of each value, to which about 100 bytes are added.</para>
    /// <para>It needs a key ring that lasts as long as the sessions, is shared by all nodes, and does not lie unprotected beside them: where the keys are kept in the session
    /// store, the host does not start without <c>ProtectKeysWith…</c>. While a key is missing, sessions under it are not read and not written, as if the store were down.</para>
    /// <para>Nodes without it cannot read what nodes with it write: turn it on while none of the old ones runs.</para>
    /// </remarks>
    /// <param name="readUnencrypted">Whether sessions that were stored before are read; each is encrypted when it is first read. For the time of a change: until all others have
    /// expired. While it is on, whoever can write to the store can put values there. Without it such sessions cannot be read.</param>
    public HoldfastBuilder EncryptAtRest(bool readUnencrypted = false)
    {
        Services.RemoveAll<EncryptionAtRest>();
        Services.AddSingleton(new EncryptionAtRest(readUnencrypted));
        Services.AddDataProtection();
        return this;
    }
}
