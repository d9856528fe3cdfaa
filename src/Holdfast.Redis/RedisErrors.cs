using Holdfast.Stores;

namespace Holdfast.Redis;

/// <summary>The texts of what can go wrong with the server: what happened, why, and what to do. They name host and port, never the password.</summary>
internal static class RedisErrors
{
    public static SessionStoreException CannotOpen(string server, RedisFailure cause) =>
        new($"The session store could not be opened on Redis at {server}: {Reason(cause)}. {Advice(cause)}", cause);

    public static SessionStoreException CannotRead(string server, RedisFailure cause) =>
        new($"A session could not be read from Redis at {server}: {Reason(cause)}. {Advice(cause)}", cause);

    public static SessionStoreException CannotWrite(string server, RedisFailure cause) =>
        new($"A session's change could not be written to Redis at {server}: {Reason(cause)}. {Advice(cause)}", cause);

    public static SessionStoreException CannotList(string server, RedisFailure cause) =>
        new($"The sessions in Redis at {server} could not be listed: {Reason(cause)}. {Advice(cause)}", cause);

    public static SessionStoreException CannotUseKeyRing(string server, RedisFailure cause) =>
        new($"The Data Protection keys in Redis at {server} could not be used: {Reason(cause)}. {Advice(cause)}", cause);

    public static SessionStoreException CannotPublish(string server, RedisFailure cause) =>
        new($"A notice could not be sent through Redis at {server}: {Reason(cause)}. {Advice(cause)}", cause);

    public static SessionStoreException CannotSubscribe(string server, RedisFailure cause) =>
        new($"The notices in Redis at {server} could not be subscribed to: {Reason(cause)}. {Advice(cause)}", cause);

    public static SessionStoreException Damaged(string server, string key, string what, Exception? cause = null) => new(
        $"The session under '{key}' in Redis at {server} cannot be used: {what}. Something other than Holdfast.Redis has written there. Remove it "
        + $"with 'redis-cli DEL {key}', and set '{RedisStoreOptions.Section}:Prefix' to one that nothing else uses.", cause);

    public static SessionStoreException Foreign(string server, string key) => new(
        $"The key '{key}' in Redis at {server} does not hold the version of Holdfast's keys, as it should. Something else uses the same prefix. Set "
        + $"'{RedisStoreOptions.Section}:Prefix' to one that nothing else uses.");

    public static SessionStoreException Newer(string server, string key, long found, long known) => new(
        $"The key '{key}' in Redis at {server} holds the version {found}, and this version of Holdfast.Redis knows versions up to {known}. A newer "
        + $"Holdfast.Redis has used it. Deploy that version again, or set '{RedisStoreOptions.Section}:Prefix' to another one and lose the sessions under this one.");

    private static string Reason(RedisFailure cause) => cause.Message.TrimEnd('.');

    private static string Advice(RedisFailure cause) => cause.Code switch
    {
        "" when cause.Kind == RedisFailureKind.TimedOut =>
            "The server or the network between is overloaded or stands still. Look at both; "
            + $"'{RedisStoreOptions.Section}:CommandTimeout' says how long an answer may take.",
        "" => $"Set '{RedisStoreOptions.Section}:ConnectionString' to a server that runs and can be reached from here. "
            + "To start one: docker run -p 6379:6379 redis redis-server --appendonly yes --appendfsync always",
        "WRONGPASS" or "NOAUTH" =>
            $"Set the password of Redis' default user in '{RedisStoreOptions.Section}:ConnectionString': 'host:6379,password=…'.",
        "NOPERM" => "Allow the user every command on keys and channels with the store's prefix: ACL SETUSER … ~hf:* &hf:* +@all",
        "OOM" => "The server is at its 'maxmemory' and rightly evicts nothing. Give it more memory, or shorten the sessions' lifetime.",
        "MISCONF" => "The server cannot write to its disk. Look at its log, and free some space on its volume.",
        "READONLY" => "The server is a replica. Name the primary in the connection string.",
        "LOADING" => "The server still reads its data after a start. Wait; calls work when it is done.",
        _ => "See https://redis.io/docs/latest/ for the server's words, and look at its log.",
    };
}
