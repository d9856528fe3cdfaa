using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Stores;

/// <summary>The notifier that a store brings. An <see cref="ISessionNotifier"/> which the app registers wins over it, whichever came first.</summary>
internal sealed record StoreNotifier(Func<IServiceProvider, ISessionNotifier> Create)
{
    /// <summary>The store's notifier, else one for this process.</summary>
    public static ISessionNotifier OrLocal(IServiceProvider services) =>
        services.GetService<StoreNotifier>()?.Create(services) ?? new LocalNotifier(services.GetService<ILogger<LocalNotifier>>());
}
