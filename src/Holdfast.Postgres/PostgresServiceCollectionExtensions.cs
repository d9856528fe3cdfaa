using Holdfast;
using Holdfast.Postgres;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the PostgreSQL store.</summary>
public static class PostgresServiceCollectionExtensions
{
    /// <summary>Keeps sessions in PostgreSQL, and the Data Protection keys too if the application keeps them nowhere else; nodes that share the
    /// database tell each other what they did. Takes the place of any other store.</summary>
    /// <param name="builder">What <c>AddHoldfast</c> returned.</param>
    /// <param name="connectionString">Where the database is. Without it <c>Holdfast:Postgres:ConnectionString</c> of the configuration decides, else the
    /// <see cref="NpgsqlDataSource"/> that the application registered is used.</param>
    public static HoldfastBuilder UsePostgres(this HoldfastBuilder builder, string? connectionString = null) =>
        builder.UsePostgres(options => options.ConnectionString = connectionString ?? options.ConnectionString);

    /// <inheritdoc cref="UsePostgres(HoldfastBuilder, string?)"/>
    /// <param name="builder">What <c>AddHoldfast</c> returned.</param>
    /// <param name="configure">Runs after the configuration was bound, and so wins over it.</param>
    public static HoldfastBuilder UsePostgres(this HoldfastBuilder builder, Action<PostgresStoreOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var services = builder.Services;
        services.AddOptions<PostgresStoreOptions>()
            .BindConfiguration(PostgresStoreOptions.Section)
            .Configure(configure)
            .PostConfigure<IServiceProvider>(UseRegisteredDataSource)
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PostgresStoreOptions>, PostgresStoreOptionsValidator>());
        services.TryAddSingleton(provider => new PostgresDatabase(
            provider.GetRequiredService<IOptions<PostgresStoreOptions>>().Value,
            provider.GetService<ILogger<PostgresSessionStore>>() ?? NullLogger<PostgresSessionStore>.Instance));
        services.TryAddSingleton<PostgresKeyRing>();
        services.TryAddSingleton(provider => new PostgresNotifier(
            provider.GetRequiredService<PostgresDatabase>(),
            Clock(provider),
            provider.GetService<ILogger<PostgresNotifier>>() ?? NullLogger<PostgresNotifier>.Instance));
        return builder.UseStore(
            provider => new PostgresSessionStore(provider.GetRequiredService<PostgresDatabase>(), Clock(provider)),
            keyRing: provider => provider.GetRequiredService<PostgresKeyRing>(),
            notifier: provider => provider.GetRequiredService<PostgresNotifier>());
    }

    private static TimeProvider Clock(IServiceProvider provider) => provider.GetService<TimeProvider>() ?? TimeProvider.System;

    private static void UseRegisteredDataSource(PostgresStoreOptions options, IServiceProvider provider)
    {
        if (string.IsNullOrWhiteSpace(options.ConnectionString))
        {
            options.DataSource ??= provider.GetService<NpgsqlDataSource>();
        }
    }

    private sealed class PostgresStoreOptionsValidator : IValidateOptions<PostgresStoreOptions>
    {
        public ValidateOptionsResult Validate(string? name, PostgresStoreOptions options) =>
            PostgresDatabase.Invalid(options) is { } invalid ? ValidateOptionsResult.Fail(invalid) : ValidateOptionsResult.Success;
    }
}
