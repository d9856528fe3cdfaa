using Holdfast.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Holdfast to the app's health checks.</summary>
public static class HoldfastHealthChecksBuilderExtensions
{
    /// <summary>Adds the check <c>holdfast</c>, tagged <c>ready</c>: unhealthy while the node shuts down, and when the session store does not answer a read within a second.
    /// Meant for readiness, not for liveness: a restart helps neither.</summary>
    /// <remarks>What it answers names no host, path or connection; the log says more.</remarks>
    /// <param name="builder">What <c>AddHealthChecks</c> returned.</param>
    public static IHealthChecksBuilder AddHoldfast(this IHealthChecksBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton<NodeHealthCheck>();
        return builder.Add(new HealthCheckRegistration("holdfast", services => services.GetRequiredService<NodeHealthCheck>(), failureStatus: null, tags: ["ready"]));
    }
}
