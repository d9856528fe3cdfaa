using Holdfast;
using Holdfast.Redis;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the Redis store.</summary>
public static class RedisServiceCollectionExtensions
{
    /// <summary>Keeps sessions in Redis, carries notices between nodes through it, and keeps the Data Protection keys there too if the application
    /// keeps them nowhere else. Takes the place of any other store.</summary>
    /// <param name="builder">What <c>AddHoldfast</c> returned.</param>
    /// <param name="connectionString">The server, as <see cref="RedisStoreOptions.ConnectionString"/> says. Without it
    /// <c>Holdfast:Redis:ConnectionString</c> of the configuration decides, else it is <c>localhost:6379</c>.</param>
    public static HoldfastBuilder UseRedis(this HoldfastBuilder builder, string? connectionString = null) =>
        builder.UseRedis(options => options.ConnectionString = connectionString ?? options.ConnectionString);

    /// <inheritdoc cref="UseRedis(HoldfastBuilder, string?)"/>
    /// <param name="builder">What <c>AddHoldfast</c> returned.</param>
    /// <param name="configure">Runs after the configuration was bound, and so wins over it.</param>
    public static HoldfastBuilder UseRedis(this HoldfastBuilder builder, Action<RedisStoreOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var services = builder.Services;
        services.AddOptions<RedisStoreOptions>()
            .BindConfiguration(RedisStoreOptions.Section)
            .Configure(configure)
            .Validate(
                options => RedisConnection.IsConnectionString(options.ConnectionString),
                $"'{RedisStoreOptions.Section}:ConnectionString' is empty, or StackExchange.Redis does not understand it. The store needs at least a host. "
                + "Set it to one, such as 'localhost:6379' or 'redis.example.com:6379,password=…,ssl=true'.")
            .Validate(
                options => !string.IsNullOrWhiteSpace(options.Prefix),
                $"'{RedisStoreOptions.Section}:Prefix' is empty. The store's keys must not meet those of others on the server. Set it to a short word of the "
                + "application's own, such as 'shop:', or leave it out for 'hf:'.")
            .Validate(
                options => IsUsable(options.ConnectTimeout) && IsUsable(options.CommandTimeout),
                $"'{RedisStoreOptions.Section}:ConnectTimeout' or 'CommandTimeout' is not between a millisecond and an hour. No call may wait for ever, nor not at "
                + "all. Leave them out for 5 seconds each.")
            .ValidateOnStart();
        services.TryAddSingleton(provider => new RedisConnection(Options(provider)));
        services.TryAddSingleton(provider => new RedisKeyRing(provider.GetRequiredService<RedisConnection>(), Options(provider).Prefix));
        return builder.UseStore(
            provider => new RedisSessionStore(
                provider.GetRequiredService<RedisConnection>(),
                Options(provider).Prefix,
                provider.GetService<TimeProvider>() ?? TimeProvider.System,
                provider.GetService<ILogger<RedisSessionStore>>()),
            keyRing: provider => provider.GetRequiredService<RedisKeyRing>(),
            notifier: provider => new RedisNotifier(
                new RedisConnection(Options(provider)), Options(provider).Prefix, provider.GetService<ILogger<RedisNotifier>>()));
    }

    private static RedisStoreOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<RedisStoreOptions>>().Value;

    private static bool IsUsable(TimeSpan timeout) => timeout >= TimeSpan.FromMilliseconds(1) && timeout <= TimeSpan.FromHours(1);
}
