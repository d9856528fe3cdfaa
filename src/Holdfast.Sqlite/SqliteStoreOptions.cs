namespace Holdfast.Sqlite;

/// <summary>Settings of the SQLite store. Bound from the configuration section <c>Holdfast:Sqlite</c>; what code sets in
/// <c>UseSqlite(…)</c> wins over it.</summary>
public sealed class SqliteStoreOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Holdfast:Sqlite";

    /// <summary>The database file, made if it is not there (its directory is not). A relative path counts from the content
    /// root. Default: <c>holdfast.db</c>, for a first run; in production a path outside the folder that a deploy
    /// replaces.</summary>
    public string Path { get; set; } = "holdfast.db";
}
