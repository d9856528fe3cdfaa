using Holdfast;
using Holdfast.Sqlite;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the SQLite store.</summary>
public static class SqliteServiceCollectionExtensions
{
    /// <summary>Keeps sessions in a SQLite file, and the Data Protection keys too if the application keeps them nowhere
    /// else. Takes the place of any other store.</summary>
    /// <param name="builder">What <c>AddHoldfast</c> returned.</param>
    /// <param name="path">The file; a relative path counts from the content root. Without it <c>Holdfast:Sqlite:Path</c> of
    /// the configuration decides, else it is <c>holdfast.db</c>.</param>
    public static HoldfastBuilder UseSqlite(this HoldfastBuilder builder, string? path = null) =>
        builder.UseSqlite(options => options.Path = path ?? options.Path);

    /// <inheritdoc cref="UseSqlite(HoldfastBuilder, string?)"/>
    /// <param name="builder">What <c>AddHoldfast</c> returned.</param>
    /// <param name="configure">Runs after the configuration was bound, and so wins over it.</param>
    public static HoldfastBuilder UseSqlite(this HoldfastBuilder builder, Action<SqliteStoreOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var services = builder.Services;
        services.AddOptions<SqliteStoreOptions>()
            .BindConfiguration(SqliteStoreOptions.Section)
            .Configure(configure)
            .Validate(
                options => !string.IsNullOrWhiteSpace(options.Path) && options.Path != ":memory:",
                $"'{SqliteStoreOptions.Section}:Path' is empty or ':memory:'. The store needs a file, or nothing would outlive "
                + "the process. Set it to one, such as 'holdfast.db'; for sessions in memory leave out UseSqlite.")
            .ValidateOnStart();
        services.TryAddSingleton(OpenDatabase);
        services.TryAddSingleton<SqliteKeyRing>();
        return builder.UseStore(
            provider => new SqliteSessionStore(
                provider.GetRequiredService<SqliteDatabase>(),
                provider.GetService<TimeProvider>() ?? TimeProvider.System,
                provider.GetService<ILogger<SqliteSessionStore>>()),
            keyRing: provider => provider.GetRequiredService<SqliteKeyRing>());
    }

    private static SqliteDatabase OpenDatabase(IServiceProvider services)
    {
        var path = services.GetRequiredService<IOptions<SqliteStoreOptions>>().Value.Path;
        var root = services.GetService<IHostEnvironment>()?.ContentRootPath ?? Directory.GetCurrentDirectory();
        return new SqliteDatabase(Path.GetFullPath(path, Path.GetFullPath(root)));
    }
}
