using Microsoft.Extensions.DependencyInjection;

namespace Holdfast;

/// <summary>What <c>AddHoldfast</c> returns: stores and other packages add themselves to it.</summary>
/// <param name="services">The application's services.</param>
public sealed class HoldfastBuilder(IServiceCollection services)
{
    /// <summary>The application's services, to register in.</summary>
    public IServiceCollection Services { get; } = services;
}
