using Holdfast.Redis;
using Holdfast.Stores.Tests;
using Holdfast.Testing.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedRedis))]

namespace Holdfast.Stores.Tests;

/// <summary>The Redis server of the test run, started when the first test asks for it. Each test has a prefix of its own on it; one that kills or
/// changes the server has a server of its own.</summary>
public sealed class SharedRedis : IAsyncDisposable
{
    private readonly Lazy<Task<RedisServer>> _server = new(() => Task.Run(() => RedisServer.StartAsync()));

    public Task<RedisServer> ServerAsync() => _server.Value;

    /// <summary>Options with a prefix that no other test has.</summary>
    public async Task<RedisStoreOptions> OptionsAsync() => new() { ConnectionString = (await ServerAsync()).ConnectionString, Prefix = $"t{Guid.NewGuid():N}:" };

    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated)
        {
            await (await _server.Value).DisposeAsync();
        }
    }
}
