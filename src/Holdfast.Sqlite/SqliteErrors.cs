using Holdfast.Stores;
using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace Holdfast.Sqlite;

/// <summary>The texts of what can go wrong with the file: what happened, why, and what to do.</summary>
internal static class SqliteErrors
{
    public static SessionStoreException CannotOpen(string path, Exception cause) =>
        new($"The session store's file '{path}' could not be opened: {Reason(cause)}. {Advice(path, cause)}", cause);

    public static SessionStoreException CannotRead(string path, Exception cause) =>
        new($"A session could not be read from '{path}': {Reason(cause)}. {Advice(path, cause)}", cause);

    public static SessionStoreException CannotWrite(string path, Exception cause) =>
        new($"A session's change could not be written to '{path}': {Reason(cause)}. {Advice(path, cause)}", cause);

    public static SessionStoreException CannotUseKeyRing(string path, Exception cause) =>
        new($"The Data Protection keys in '{path}' could not be used: {Reason(cause)}. {Advice(path, cause)}", cause);

    public static SessionStoreException NoDirectory(string path, string directory) => new(
        $"The session store's file '{path}' could not be opened: its directory '{directory}' does not exist. It is not made, "
        + "because a directory that is missing is most often a volume that is not mounted. Create it, or set "
        + $"'{SqliteStoreOptions.Section}:Path' to a file in one that exists.");

    public static SessionStoreException ReadOnly(string path) => new(
        $"The session store's file '{path}' could only be opened for reading. The store must write to it and make its "
        + $"'-wal' and '-shm' files beside it. Give '{Environment.UserName}' the right to write to the file and its directory, "
        + "and mount the volume writable.");

    public static SessionStoreException Foreign(string path, string tables) => new(
        $"The session store's file '{path}' is a SQLite database, but not one of Holdfast's: it has the tables '{tables}'. "
        + "Every write to it would wait for those of the sessions, so they do not share a file. Set "
        + $"'{SqliteStoreOptions.Section}:Path' to a file of its own.");

    public static SessionStoreException Newer(string path, long found, long known) => new(
        $"The session store's file '{path}' has the schema version {found}, and this version of Holdfast.Sqlite knows versions "
        + $"up to {known}. A newer Holdfast.Sqlite has used it. Deploy that version again, or set "
        + $"'{SqliteStoreOptions.Section}:Path' to another file and lose the sessions in this one.");

    public static SessionStoreException NoWriteAheadLog(string path, string mode) => new(
        $"The session store's file '{path}' cannot have a write-ahead log: SQLite stayed in journal mode '{mode}'. That is so "
        + "on network file systems, which cannot keep SQLite's promises. Put the file on a local disk; for several machines "
        + "use the PostgreSQL or Redis store.");

    private static string Reason(Exception cause) => cause is SqliteException sqlite
        ? $"{sqlite.Message.TrimEnd('.')} (extended code {sqlite.SqliteExtendedErrorCode})"
        : cause.Message.TrimEnd('.');

    private static string Advice(string path, Exception cause) => (cause as SqliteException)?.SqliteErrorCode switch
    {
        SQLITE_BUSY or SQLITE_LOCKED =>
            "Another process holds the file's write lock for longer than the store waits. End that process' transaction; a "
            + "backup is best taken with SQLite's own backup, which does not hold it.",
        SQLITE_CANTOPEN or SQLITE_READONLY or SQLITE_PERM or SQLITE_AUTH => Directory.Exists(path)
            ? $"The path is a directory. Set '{SqliteStoreOptions.Section}:Path' to a file in it."
            : $"The store writes the file and makes its '-wal' and '-shm' files beside it. Give '{Environment.UserName}' the "
              + "right to write to the file and its directory, and mount the volume writable.",
        SQLITE_NOTADB or SQLITE_CORRUPT =>
            "The file is damaged, or is not a SQLite database. Put a backup in its place, or move it away: then a new one is "
            + "made, all sessions begin anew, and everybody is signed out if it held the Data Protection keys.",
        SQLITE_FULL => "The volume is full. Free some space on it, or move the file to a bigger one.",
        SQLITE_IOERR => "The disk refused the operation. Look at the system's log, the free space and the file's volume.",
        SQLITE_TOOBIG => "A value is larger than SQLite takes (1 GB). Keep such data elsewhere, and its key in the session.",
        null when cause is UnauthorizedAccessException or IOException =>
            $"Give '{Environment.UserName}' the right to write to the file and its directory, or set "
            + $"'{SqliteStoreOptions.Section}:Path' to a file where that is so.",
        _ => "See https://sqlite.org/rescode.html for the code.",
    };
}
