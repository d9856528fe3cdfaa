using Microsoft.AspNetCore.Components.Web;

namespace Holdfast.Diagnostics;

/// <summary>What the framework's <see cref="ErrorBoundary"/> needs. Thread-safe.</summary>
internal sealed class BoundaryLogger(PageMetrics metrics) : IErrorBoundaryLogger
{
    public ValueTask LogErrorAsync(Exception exception)
    {
        metrics.BoundaryCaught(exception);
        return ValueTask.CompletedTask;
    }
}
