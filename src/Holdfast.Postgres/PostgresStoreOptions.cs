using Npgsql;

namespace Holdfast.Postgres;

/// <summary>Settings of the PostgreSQL store. Bound from the configuration section <c>Holdfast:Postgres</c>; what code sets in
/// <c>UsePostgres(…)</c> wins over it.</summary>
public sealed class PostgresStoreOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Holdfast:Postgres";

    /// <summary>Where the database is, in Npgsql's form: <c>Host=db;Database=shop;Username=shop;Password=…</c>. Default: none; then the
    /// <see cref="NpgsqlDataSource"/> that the application registered is used.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>The source of connections, in the place of <see cref="ConnectionString"/>. It stays its owner's to dispose. Default: none.</summary>
    public NpgsqlDataSource? DataSource { get; set; }

    /// <summary>Where to listen for the notices of other nodes, if that is not where sessions are kept: a pooler in transaction mode (PgBouncer)
    /// carries no notices to a listener, so this names the server behind it. Default: none, the same place.</summary>
    public string? ListenConnectionString { get; set; }

    /// <summary>The schema which holds the tables; made if it is not there and the user may. Lower-case letters, digits and underscores, at most 50.
    /// Several applications may share a database, each with a schema of its own. Default: <c>holdfast</c>.</summary>
    public string Schema { get; set; } = "holdfast";

    /// <summary>How long to wait for a connection. Default: 5 seconds, for a user who waits for a page. Whole seconds count.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long to wait for an answer. Default: 10 seconds, far longer than any statement of the store takes. Whole seconds count.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
