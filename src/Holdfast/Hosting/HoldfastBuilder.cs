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
    /// <param name="notifier">Makes the notifier that goes with the store. Null: only the nodes of this process tell each other.</param>
    public HoldfastBuilder UseStore<TStore>(
        Func<IServiceProvider, TStore> store, Func<IServiceProvider, IXmlRepository>? keyRing = null, Func<IServiceProvider, ISessionNotifier>? notifier = null)
        where TStore : class, ISessionStore
    {
        ArgumentNullException.ThrowIfNull(store);
        Services.RemoveAll<ISessionStore>();
        Services.RemoveAll<StoreKeyRing>();
        Services.RemoveAll<ISessionNotifier>();
        Services.AddSingleton<ISessionStore>(store);
        if (keyRing is not null)
        {
            Services.AddSingleton(provider => new StoreKeyRing(keyRing(provider)));
        }

        if (notifier is not null)
        {
            Services.AddSingleton(notifier);
        }

        Services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<KeyManagementOptions>, KeyRingDefaults>());
        Services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<DataProtectionOptions>, KeyRingDefaults>());
        return this;
    }
}
