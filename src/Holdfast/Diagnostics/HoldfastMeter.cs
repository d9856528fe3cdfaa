using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Holdfast.Diagnostics;

/// <summary>The one meter and the one activity source; both are named <c>Holdfast</c>. Thread-safe.</summary>
internal sealed class HoldfastMeter(IMeterFactory factory)
{
    /// <summary>The name of meter and activity source.</summary>
    public const string Name = "Holdfast";

    public static ActivitySource Activities { get; } = new(Name);

    public Meter Meter { get; } = factory.Create(Name);
}
