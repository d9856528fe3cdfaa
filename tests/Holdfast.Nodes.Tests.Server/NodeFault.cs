using Holdfast.Sessions;
using Holdfast.Stores;
using Holdfast.Testing.Faults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Holdfast.Nodes.Tests.Server;

/// <summary>What is wrong with a node. Owns the store that fails, which the app uses in the place of its own.</summary>
/// <param name="name"><c>acks-early</c>: writes are acked, and made when it is told to flush. <c>drops</c>: writes are acked and never made, when it is told to drop them.
/// <c>no-fence</c>: nobody looks who wrote last. Null: nothing, whatever it is told; but its writes can be held.</param>
internal sealed class NodeFault(string? name)
{
    private FaultyStore? _store;
    private DroppingStore? _dropping;

    public FaultyStore Store => _store ?? throw new InvalidOperationException("The app has not opened its store yet. It does so when it starts. Wait until it listens.");

    public void DropNextWrite() => _dropping?.DropNext();

    public void AddTo(IServiceCollection services)
    {
        var real = services.Last(service => service.ServiceType == typeof(ISessionStore)).ImplementationFactory!;
        services.Replace(ServiceDescriptor.Singleton<ISessionStore>(provider =>
        {
            var store = (ISessionStore)real(provider);
            return _store = new FaultyStore(name == "drops" ? _dropping = new DroppingStore(store) : store) { AcknowledgesEarly = name == "acks-early" };
        }));
        if (name == "no-fence")
        {
            var limits = services.Single(service => service.ServiceType == typeof(SessionLimits)).ImplementationFactory!;
            services.Replace(ServiceDescriptor.Singleton(provider => (SessionLimits)limits(provider) with { IsFenced = false }));
        }
        else if (name is not (null or "acks-early" or "drops"))
        {
            throw new ArgumentException($"'--fault={name}' names no fault. A node has acks-early, drops and no-fence. Name one of them, or none.");
        }
    }
}
