using Holdfast.Testing.Servers;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>A server of one class's own, whose tests kill it and start it again.</summary>
public sealed class PostgresServerFixture : IAsyncLifetime
{
    public PostgresServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await PostgresServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
