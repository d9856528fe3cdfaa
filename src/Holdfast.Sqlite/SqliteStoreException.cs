namespace Holdfast.Sqlite;

/// <summary>The database file could not be opened, read or written. The message says which, why, and what to do; the inner
/// exception is SQLite's.</summary>
/// <remarks>After a failed write it is not known whether it happened, as <see cref="Stores.ISessionStore"/> says.</remarks>
public sealed class SqliteStoreException : Exception
{
    internal SqliteStoreException(string path, string message, Exception? inner = null) : base(message, inner) => Path = path;

    /// <summary>The full path of the file.</summary>
    public string Path { get; }
}
