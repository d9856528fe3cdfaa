using System.Net.Sockets;
using Holdfast.Stores;
using Npgsql;

namespace Holdfast.Postgres;

/// <summary>The texts of what can go wrong with the database: what happened, why, and what to do. A place is 'name' at host:port; no text has the
/// password in it.</summary>
internal static class PostgresErrors
{
    public static SessionStoreException CannotOpen(string place, string schema, Exception cause) =>
        new($"The session store's database {place} could not be opened: {Reason(cause)}. {Advice(schema, cause)}", cause);

    public static SessionStoreException CannotRead(string place, string schema, Exception cause) =>
        new($"Sessions could not be read from the database {place}: {Reason(cause)}. {Advice(schema, cause)}", cause);

    public static SessionStoreException CannotWrite(string place, string schema, Exception cause) =>
        new($"A session's change could not be written to the database {place}: {Reason(cause)}. {Advice(schema, cause)}", cause);

    public static SessionStoreException CannotUseKeyRing(string place, string schema, Exception cause) =>
        new($"The Data Protection keys in the database {place} could not be used: {Reason(cause)}. {Advice(schema, cause)}", cause);

    public static SessionStoreException CannotPublish(string place, string schema, Exception cause) =>
        new($"A notice could not be sent through the database {place}: {Reason(cause)}. {Advice(schema, cause)}", cause);

    public static SessionStoreException CannotListen(string place, string schema, Exception cause) =>
        new($"The database {place} could not be listened to: {Reason(cause)}. {Advice(schema, cause)}", cause);

    public static SessionStoreException NotUtf8(string place, string encoding) => new(
        $"The session store's database {place} has the encoding '{encoding}'. Names and keys in sessions are any Unicode, which it cannot hold. "
        + "Create a database with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`, and name that one in the connection string.");

    public static SessionStoreException ReadOnly(string place) => new(
        $"The session store's database {place} takes no writes: its transactions are read-only. It is a standby, or the user or database is set so. "
        + "Name the primary server in the connection string (with several hosts: 'Target Session Attributes=primary').");

    public static SessionStoreException Old(string place, int version) => new(
        $"The session store's database {place} is on PostgreSQL {version / 10_000}. The store is written for version {PostgresDatabase.OldestServer} and newer. "
        + "Upgrade the server, or name another in the connection string.");

    public static SessionStoreException Foreign(string place, string schema, string tables) => new(
        $"The schema '{schema}' in the database {place} is not one of Holdfast's: it has the tables '{tables}'. Its names may be those of the store's "
        + $"tables, so they do not share a schema. Set '{PostgresStoreOptions.Section}:Schema' to a name of its own.");

    public static SessionStoreException Newer(string place, string schema, int found, int known) => new(
        $"The schema '{schema}' in the database {place} has the version {found}, and this version of Holdfast.Postgres knows versions up to {known}. "
        + $"A newer Holdfast.Postgres has used it. Deploy that version again, or set '{PostgresStoreOptions.Section}:Schema' to another name and lose "
        + "the sessions in this one.");

    public static SessionStoreException UnknownKind(string text) => new(
        $"An entry of the kind '{text}' is stored, and this version of Holdfast.Postgres knows 's', 'm' and 't'. Something else has written to the "
        + "table 'entries'. Delete that row, or restore a backup.");

    public static ArgumentException BadName(Stores.EntryKey key, Exception? cause) => new(
        $"An entry of a slice of {key.Slice.Length} characters with a name of {key.Name.Length} characters cannot be stored. A slice has at most 1,024 "
        + "characters and a name at most 256, without NUL and without halves of surrogate pairs. Give the route value or the member a shorter or whole name.",
        cause);

    private static string Reason(Exception cause) => cause switch
    {
        PostgresException postgres => $"{postgres.MessageText.TrimEnd('.')} (SQLSTATE {postgres.SqlState})",
        NpgsqlException { InnerException: (SocketException or TimeoutException or IOException) and var inner } => inner.Message.TrimEnd('.'),
        _ => cause.Message.TrimEnd('.'),
    };

    private static string Advice(string schema, Exception cause) => cause switch
    {
        PostgresException postgres => Advice(schema, postgres.SqlState),
        { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } =>
            "Nothing listens there. Check 'Host' and 'Port' of the connection string and that the server runs; for development start one with "
            + "`docker run -d -p 127.0.0.1:5432:5432 -e POSTGRES_PASSWORD=secret postgres` or `apt install postgresql`.",
        { InnerException: SocketException } =>
            "The network does not lead there. Check 'Host' and 'Port' of the connection string, and name resolution, routes and firewalls in between.",
        TimeoutException or { InnerException: TimeoutException } =>
            "The server or the network in between did not answer in time. Check that the server runs and is not overloaded; the times are "
            + $"'{PostgresStoreOptions.Section}:ConnectTimeout' and 'CommandTimeout'.",
        _ => "The connection was lost, or is none to a PostgreSQL server. Holdfast tries again by itself; if it stays so, look at the server's log.",
    };

    private static string Advice(string schema, string state) => state switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            "The server does not take this user with this password from this machine. Check 'Username' and 'Password' of the connection string, and the "
            + "server's 'pg_hba.conf'.",
        PostgresErrorCodes.InvalidCatalogName => "Create the database with `createdb`, or name another with 'Database' in the connection string.",
        PostgresErrorCodes.InsufficientPrivilege =>
            $"The user lacks a right. Let an administrator run `CREATE SCHEMA {schema} AUTHORIZATION` with the user's name, or "
            + $"`ALTER SCHEMA {schema} OWNER TO` it; it must own the tables, or have all rights on them.",
        PostgresErrorCodes.TooManyConnections =>
            "All of the server's connections are taken. Raise its 'max_connections', lower 'Maximum Pool Size' in the connection strings, or put a pooler "
            + "in between.",
        PostgresErrorCodes.DiskFull => "The server's volume is full. Free some space on it.",
        PostgresErrorCodes.ReadOnlySqlTransaction =>
            "The server is a standby now. Name the primary in the connection string (with several hosts: 'Target Session Attributes=primary').",
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.InvalidSchemaName =>
            $"What the store made in the schema '{schema}' is gone. Restore it from a backup, or restart the application: it is made anew, empty.",
        _ => "See https://www.postgresql.org/docs/current/errcodes-appendix.html for the code.",
    };
}
