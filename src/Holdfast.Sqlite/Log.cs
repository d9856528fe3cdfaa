using Microsoft.Extensions.Logging;

namespace Holdfast.Sqlite;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Sessions are kept in the SQLite file '{Path}'.")]
    public static partial void Opened(ILogger logger, string path);
}
