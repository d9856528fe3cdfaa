using Holdfast.Redis;
using Holdfast.Testing.Servers;
using Holdfast.Testing.Stores;

namespace Holdfast.Stores.Tests;

/// <summary>Has a server for each fact, since some kill it: it starts in a fraction of a second.</summary>
public sealed class RedisNotifierTests : SessionNotifierConformance
{
    private RedisServer? _server;

    protected override async ValueTask<ISessionNotifier> OpenNotifierAsync()
    {
        _server ??= await RedisServer.StartAsync(cancellationToken: Cancel);
        return new RedisNotifier(new RedisConnection(new RedisStoreOptions { ConnectionString = _server.ConnectionString }), "hf:");
    }

    protected override Task KillServerAsync() => _server!.KillAsync();

    protected override Task RestartServerAsync() => _server!.RestartAsync(Cancel);

    protected override ValueTask CleanUpAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
