using Microsoft.Extensions.DependencyInjection;

namespace Holdfast;

/// <summary>What <c>AddHoldfast</c> returns: a store adds itself with one <c>UseX(…)</c>.</summary>
public sealed class HoldfastBuilder(IServiceCollection services)
{
    /// <summary>The app's services.</summary>
    public IServiceCollection Services { get; } = services;
}
