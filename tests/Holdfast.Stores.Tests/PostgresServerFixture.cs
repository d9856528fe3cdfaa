using Holdfast.Testing.Servers;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>A server whose tests kill it and start it again, one after the other.</summary>
public sealed class PostgresServerFixture : IAsyncLifetime
{
    public PostgresServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await PostgresServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
