using Microsoft.Extensions.Logging;

namespace Holdfast.Redis;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Sessions are kept in Redis at {Server}, under the prefix '{Prefix}'.")]
    public static partial void Opened(ILogger logger, string server, string prefix);

    [LoggerMessage(2, LogLevel.Warning, "Redis at {Server} does not keep all that it confirms: {Settings}. A crash of the server can lose the last writes of every "
        + "session, and a full server can evict sessions, though pages show them as saved. Set in redis.conf: appendonly yes, appendfsync always, "
        + "no-appendfsync-on-rewrite no, maxmemory-policy noeviction.")]
    public static partial void BestEffort(ILogger logger, string server, string settings);

    [LoggerMessage(3, LogLevel.Warning, "The connection for notices to Redis at {Server} is lost; it is made again. Nodes learn of each other's writes late until then.")]
    public static partial void Lost(ILogger logger, string server, Exception? exception);

    [LoggerMessage(4, LogLevel.Information, "The connection for notices to Redis at {Server} is there again.")]
    public static partial void Restored(ILogger logger, string server);

    [LoggerMessage(5, LogLevel.Error, "A subscriber failed on a notice. The others have got it.")]
    public static partial void SubscriberFailed(ILogger logger, Exception exception);
}
