using Microsoft.Extensions.Logging;

namespace Holdfast.S3;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Sessions are kept in the bucket '{Bucket}' at {Address}, under '{Prefix}'. Conditional deletes: {DeletesConditionally}.")]
    public static partial void Opened(ILogger logger, string bucket, string address, string prefix, bool deletesConditionally);

    [LoggerMessage(2, LogLevel.Warning, "The object '{Name}' is not a session that can be read, and is left out and left as it is: {Reason}.")]
    public static partial void Damaged(ILogger logger, string name, string reason);
}
