using Holdfast.Redis;
using Holdfast.Testing.Stores;
using Holdfast.Testing.Time;

namespace Holdfast.Stores.Tests;

public sealed class RedisSessionStoreTests(SharedRedis redis) : DurableSessionStoreConformance
{
    private RedisStoreOptions? _options;

    protected override int RaceIncrements => 100;

    protected override async ValueTask<ISessionStore> OpenStoreAsync(FakeTimeProvider clock)
    {
        _options ??= await redis.OptionsAsync();
        var store = new RedisSessionStore(_options, clock);
        await store.OpenAsync(Cancel);
        return store;
    }
}
