using Holdfast.Stores;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Holdfast.Sqlite;

/// <summary>Owns nothing but the path: opens connections to the file, and sees to it that it is one of ours, with the schema
/// that this version knows. Called from any thread.</summary>
/// <param name="path">The full path.</param>
/// <param name="busyTimeout">How long a statement waits for another process' lock.</param>
internal sealed class SqliteDatabase(string path, TimeSpan busyTimeout)
{
    /// <summary>The version of <c>schema.sql</c>.</summary>
    public const long SchemaVersion = 1;

    /// <summary>'Hold' in ASCII, as in <c>schema.sql</c>.</summary>
    private const long ApplicationId = 0x486F6C64;

    /// <summary>Chosen: far longer than any commit of ours, and shorter than a user waits for a page.</summary>
    private static readonly TimeSpan s_busyTimeout = TimeSpan.FromSeconds(5);

    public SqliteDatabase(string path) : this(path, s_busyTimeout)
    {
    }

    /// <summary>The full path of the file.</summary>
    public string Path { get; } = path;

    /// <summary>Makes the file and its schema if they are not there, and opens a connection. The caller disposes it.</summary>
    /// <exception cref="SessionStoreException">It is not possible; the message says why, and what to do.</exception>
    public SqliteConnection OpenChecked()
    {
        SqliteConnection? connection = null;
        try
        {
            MakeFile();
            connection = Open();
            Check(connection);
            return connection;
        }
        catch (Exception exception)
        {
            connection?.Dispose();
            if (exception is SqliteException or IOException or UnauthorizedAccessException)
            {
                throw SqliteErrors.CannotOpen(Path, exception);
            }
            throw;
        }
    }

    /// <summary>Opens a connection to a file that <see cref="OpenChecked"/> has seen. The caller disposes it.</summary>
    public SqliteConnection Open()
    {
        var settings = new SqliteConnectionStringBuilder
        {
            DataSource = Path,
            Mode = SqliteOpenMode.ReadWrite,
            // Connections are kept by us, with their prepared statements.
            Pooling = false,
            DefaultTimeout = Math.Max(1, (int)busyTimeout.TotalSeconds),
        };
        var connection = new SqliteConnection(settings.ConnectionString);
        try
        {
            connection.Open();
            raw.sqlite3_busy_timeout(connection.Handle, (int)busyTimeout.TotalMilliseconds);
            Execute(connection, SqlText.Connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void MakeFile()
    {
        var directory = System.IO.Path.GetDirectoryName(Path)!;
        if (!Directory.Exists(directory))
        {
            throw SqliteErrors.NoDirectory(Path, directory);
        }
        if (File.Exists(Path) || Directory.Exists(Path))
        {
            return;
        }
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
        };
        if (!OperatingSystem.IsWindows())
        {
            // It holds what users typed and may hold keys. SQLite gives the files beside it the same rights.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        new FileStream(Path, options).Dispose();
    }

    private void Check(SqliteConnection connection)
    {
        if (raw.sqlite3_db_readonly(connection.Handle, "main") == 1)
        {
            throw SqliteErrors.ReadOnly(Path);
        }
        // Before anything is written: a file of somebody else stays as it is.
        var version = CheckOwner(connection);
        SetJournalMode(connection);
        if (version < SchemaVersion)
        {
            MakeSchema(connection);
        }
    }

    private long CheckOwner(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = SqlText.Describe;
        using var row = command.ExecuteReader();
        row.Read();
        var (application, version) = (row.GetInt64(0), row.GetInt64(1));
        if (application != ApplicationId)
        {
            return row.IsDBNull(2) ? 0 : throw SqliteErrors.Foreign(Path, row.GetString(2));
        }
        return version <= SchemaVersion ? version : throw SqliteErrors.Newer(Path, version, SchemaVersion);
    }

    private void SetJournalMode(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = SqlText.JournalMode;
        var mode = (string)command.ExecuteScalar()!;
        if (mode != "wal")
        {
            throw SqliteErrors.NoWriteAheadLog(Path, mode);
        }
    }

    private void MakeSchema(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        // Again, with the lock held: another process may have been quicker.
        if (CheckOwner(connection) < SchemaVersion)
        {
            Execute(connection, SqlText.Schema);
        }
        transaction.Commit();
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
