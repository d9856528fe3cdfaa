using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.JSInterop;

namespace Holdfast.Rendering;

/// <summary>
/// The services that a page's components are given: the scope's, but Holdfast's own where Blazor's hosts have one each. So an app may also call
/// <c>AddRazorComponents</c>, before or after, and each host's components get their own.
/// </summary>
internal sealed class PageServiceProvider(IServiceProvider scope) : IKeyedServiceProvider
{
    /// <summary>The key under which Holdfast's own are registered.</summary>
    public const string Key = "Holdfast";

    private readonly IKeyedServiceProvider _scope = (IKeyedServiceProvider)scope;

    public object? GetService(Type serviceType) => 
        (IsOwn(serviceType) ? _scope.GetKeyedService(serviceType, Key) : null) ?? _scope.GetService(serviceType);

    public object? GetKeyedService(Type serviceType, object? serviceKey) => _scope.GetKeyedService(serviceType, serviceKey);

    public object GetRequiredKeyedService(Type serviceType, object? serviceKey) => _scope.GetRequiredKeyedService(serviceType, serviceKey);

    private static bool IsOwn(Type serviceType) =>
        serviceType == typeof(NavigationManager) || serviceType == typeof(IJSRuntime) || serviceType == typeof(IErrorBoundaryLogger);
}
