using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.Logging;

namespace Holdfast.Hosting;

/// <summary>Logs what the app's own error boundaries catch.</summary>
internal sealed partial class ErrorBoundaryLogger(ILogger<ErrorBoundaryLogger> logger) : IErrorBoundaryLogger
{
    public ValueTask LogErrorAsync(Exception exception)
    {
        LogCaught(exception);
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(400, LogLevel.Error, "An error boundary caught an exception.")]
    private partial void LogCaught(Exception exception);
}
