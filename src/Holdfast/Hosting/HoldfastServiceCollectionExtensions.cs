using Holdfast;
using Holdfast.Connections;
using Holdfast.Diagnostics;
using Holdfast.Hosting;
using Holdfast.Http;
using Holdfast.Posts;
using Holdfast.Rendering;
using Holdfast.Security;
using Holdfast.Sessions;
using Holdfast.State;
using Holdfast.Stores;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.JSInterop;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers Holdfast.</summary>
public static class HoldfastServiceCollectionExtensions
{
    /// <summary>
    /// Adds live views. Sessions are kept in memory, and end with the process, until a store is chosen: <c>AddHoldfast().UseSqlite("holdfast.db")</c>.
    /// </summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configure">Runs after the configuration section <c>Holdfast</c> was bound, and so wins over it.</param>
    public static HoldfastBuilder AddHoldfast(this IServiceCollection services, Action<HoldfastOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<HoldfastOptions>().BindConfiguration(HoldfastOptions.Section).ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<HoldfastOptions>, HoldfastOptionsValidator>());
        services.AddDataProtection();
        services.AddMetrics();
        services.AddSupplyValueFromQueryProvider();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => EncryptionAtRest.Around(new MemorySessionStore(provider.GetRequiredService<TimeProvider>()), provider));
        services.TryAddSingleton(StoreNotifier.OrLocal);
        AddSingletons(services);
        AddScoped(services);
        return new HoldfastBuilder(services);
    }

    private static void AddSingletons(IServiceCollection services)
    {
        services.TryAddSingleton<HoldfastMeter>();
        services.TryAddSingleton<StoreMetrics>();
        services.TryAddSingleton<PageMetrics>();
        services.TryAddSingleton<ConnectionMetrics>();
        services.TryAddSingleton<StorageKeys>();
        services.TryAddSingleton<SessionCookie>();
        services.TryAddSingleton<SessionGate>();
        services.TryAddSingleton<UserRecords>();
        services.TryAddSingleton<ILiveSessions, LiveSessions>();
        SignOutService.AddTo(services);
        services.TryAddSingleton<Tickets>();
        services.TryAddSingleton<OriginCheck>();
        services.TryAddSingleton<PageCatalog>();
        services.TryAddSingleton<PageAssets>();
        services.TryAddKeyedSingleton(PageServiceProvider.Key, (provider, _) => provider.GetRequiredService<PageAssets>().Collection);
        services.TryAddSingleton<PageEndpoint>();
        services.TryAddSingleton<FormStates>();
        services.TryAddSingleton<RecentPosts>();
        services.TryAddSingleton<PostEndpoint>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, OwnPostPolicy>());
        services.TryAddSingleton<SocketEndpoint>();
        services.TryAddSingleton<ScriptEndpoint>();
        services.TryAddSingleton<PageScopeSetup>();
        services.TryAddSingleton<IPageScopeSetup>(provider => provider.GetRequiredService<PageScopeSetup>());
        services.TryAddSingleton<PageMounter>();
        services.TryAddSingleton(provider => LimitsOf(OptionsOf(provider)));
        services.TryAddSingleton(provider => new SessionRegistry(
            provider.GetRequiredService<ISessionStore>(), provider.GetRequiredService<SessionLimits>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<StoreMetrics>()));
        services.TryAddSingleton(provider => new SessionNotices(
            provider.GetRequiredService<SessionRegistry>(), provider.GetService<ISessionNotifier>(), provider.GetRequiredService<StoreMetrics>()));
        services.TryAddSingleton(provider => new PageRegistry(
            provider.GetRequiredService<TimeProvider>(), OptionsOf(provider).GraceTime, OptionsOf(provider).MaxWaitingInstances, provider.GetRequiredService<PageMetrics>()));
        services.TryAddSingleton(provider => new ConnectionRegistry(
            OptionsOf(provider).MaxConnections, OptionsOf(provider).DeadAfter, provider.GetRequiredService<ConnectionMetrics>()));
        services.TryAddSingleton(PageServicesOf);
        services.TryAddSingleton(ConnectionServicesOf);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, StoreStartup>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, HoldfastLifetime>());
    }

    private static void AddScoped(IServiceCollection services)
    {
        services.TryAddScoped<PageScope>();
        services.AddCascadingValue(provider => provider.GetRequiredService<PageScope>().TimeZone);
        services.TryAddScoped<AuthenticationStateProvider, LiveAuthenticationStateProvider>();

        // Under a key for pages, and for all where no other host of components brings its own.
        services.TryAddKeyedScoped<NavigationManager, LiveNavigationManager>(PageServiceProvider.Key);
        services.TryAddScoped(provider => provider.GetRequiredKeyedService<NavigationManager>(PageServiceProvider.Key));
        services.TryAddKeyedSingleton<IJSRuntime, NoScriptRuntime>(PageServiceProvider.Key);
        services.TryAddScoped(provider => provider.GetRequiredKeyedService<IJSRuntime>(PageServiceProvider.Key));
        services.TryAddKeyedSingleton<IErrorBoundaryLogger, BoundaryLogger>(PageServiceProvider.Key);
        services.TryAddScoped(provider => provider.GetRequiredKeyedService<IErrorBoundaryLogger>(PageServiceProvider.Key));
    }

    private static SessionLimits LimitsOf(HoldfastOptions options) => new(options.SessionLifetime, options.MaxSliceBytes, options.MaxSessionBytes) { UserLifetime = options.UserLifetime };

    private static HoldfastOptions OptionsOf(IServiceProvider provider) => provider.GetRequiredService<IOptions<HoldfastOptions>>().Value;

    private static PageServices PageServicesOf(IServiceProvider provider) => new(
        provider.GetRequiredService<ILoggerFactory>(),
        provider.GetRequiredService<PageMetrics>(),
        provider.GetRequiredService<PageRegistry>(),
        StateJson.Options,
        OptionsOf(provider).MaxMemberBytes,
        provider.GetRequiredService<IHostEnvironment>().IsDevelopment(),
        InstanceName.New());

    private static ConnectionServices ConnectionServicesOf(IServiceProvider provider)
    {
        var options = OptionsOf(provider);
        return new ConnectionServices(
            provider.GetRequiredService<PageMounter>(),
            provider.GetRequiredService<PageRegistry>(),
            provider.GetRequiredService<ConnectionMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            options.MaxFrameBytes,
            options.SendBufferSize,
            options.SlowClientTimeout,
            JoinTimeout: TimeSpan.FromSeconds(10));
    }
}
