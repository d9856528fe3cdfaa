using Microsoft.Extensions.Logging;

namespace Holdfast.Postgres;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Sessions are kept in the schema '{Schema}' of the database {Place}.")]
    public static partial void Opened(ILogger logger, string schema, string place);

    [LoggerMessage(2, LogLevel.Warning, "The database {Place} may lose the last writes when it crashes: it runs with {Settings}. Acks are best effort until that is 'on' and the application is restarted.")]
    public static partial void BestEffort(ILogger logger, string place, string settings);

    [LoggerMessage(3, LogLevel.Warning, "The connection on which notices of other nodes come was lost. It is being made again.")]
    public static partial void ListeningLost(ILogger logger, Exception exception);

    [LoggerMessage(4, LogLevel.Information, "Notices of other nodes come again.")]
    public static partial void ListeningAgain(ILogger logger);

    [LoggerMessage(5, LogLevel.Error, "A subscriber failed on a notice.")]
    public static partial void SubscriberFailed(ILogger logger, Exception exception);
}
