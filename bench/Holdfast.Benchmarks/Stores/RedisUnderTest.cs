using System.Globalization;
using Holdfast.Redis;
using Holdfast.Stores;
using StackExchange.Redis;

namespace Holdfast.Benchmarks.Stores;

/// <summary>Redis beside scripts that are sent by their hash and not waited for before the next goes out.</summary>
internal sealed class RedisUnderTest : StoreUnderTest
{
    private readonly RedisSessionStore _store;
    private readonly ConnectionMultiplexer _connection;

    private RedisUnderTest(RedisSessionStore store, ConnectionMultiplexer connection) => (_store, _connection) = (store, connection);

    public override ISessionStore Store => _store;

    private IServer Server => _connection.GetServer(_connection.GetEndPoints()[0]);

    public static async Task<RedisUnderTest> ConnectAsync(string server) => new(
        new RedisSessionStore(new RedisStoreOptions { ConnectionString = server }), await ConnectionMultiplexer.ConnectAsync($"{server},allowAdmin=true"));

    public override Task<IReadOnlyList<IClickWriter>> OpenPeersAsync(SessionWrite click, IReadOnlyList<string> keys)
    {
        var expiry = click.ExpiresAt.ToUnixTimeMilliseconds();
        RedisValue[] fields = [.. click.Changes.SelectMany(change => (RedisValue[])[$"{change.Key.Slice}\0{change.Key.Name}", change.Value])];
        return Task.FromResult<IReadOnlyList<IClickWriter>>(
        [
            new ScriptWriter(
                this,
                "redis.call('HSET', KEYS[1], 'r', ARGV[1], 'e', ARGV[2], 'w', ARGV[3], unpack(ARGV, 5)) redis.call('PEXPIRE', KEYS[1], ARGV[4]) return 1",
                keys,
                [click.ExpectedRevision, expiry, new byte[8], (long)TimeSpan.FromDays(1).TotalMilliseconds, .. fields]),
            new ScriptWriter(this, "redis.call('SET', KEYS[1], ARGV[1]) return 1", [.. keys.Select(key => key + ":1")], [click.Changes.SelectMany(change => change.Value!).ToArray()]),
        ]);
    }

    /// <summary>How long the server's log is; it is not rewritten meanwhile.</summary>
    public override async Task<long?> BytesWrittenAsync()
    {
        var info = await Server.InfoAsync("persistence");
        return long.Parse(info.SelectMany(section => section).Single(entry => entry.Key == "aof_current_size").Value, CultureInfo.InvariantCulture);
    }

    public override async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _connection.Dispose();
    }

    private sealed class ScriptWriter(RedisUnderTest redis, string script, IReadOnlyList<string> keys, RedisValue[] values) : IClickWriter
    {
        private readonly byte[] _hash = redis.Server.ScriptLoad(script);
        private readonly RedisKey[][] _keys = [.. keys.Select(key => (RedisKey[])[key])];
        private readonly IDatabase _database = redis._connection.GetDatabase();

        public Task ClickAsync(int session) => _database.ScriptEvaluateAsync(_hash, _keys[session], values);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
