using Holdfast.Stores;

namespace Holdfast.Benchmarks.Stores;

/// <summary>A store, and its peers: the same client library, which writes a click's bytes to the same server bare. Owns what it opens.</summary>
internal abstract class StoreUnderTest : IAsyncDisposable
{
    public abstract ISessionStore Store { get; }

    /// <summary>The peers. The first writes as many rows or fields as the store, the second all bytes of a click as one.</summary>
    /// <param name="click">What a click writes through the store.</param>
    /// <param name="keys">The sessions' keys.</param>
    public abstract Task<IReadOnlyList<IClickWriter>> OpenPeersAsync(SessionWrite click, IReadOnlyList<string> keys);

    /// <summary>How many bytes were written so far: to the file, to the server's log, or to the bucket. Null where there is nothing to count.</summary>
    public virtual Task<long?> BytesWrittenAsync() => Task.FromResult<long?>(null);

    public abstract ValueTask DisposeAsync();

    public static async Task<StoreUnderTest> OpenAsync(string store, string place)
    {
        StoreUnderTest opened = store switch
        {
            "memory" => new MemoryUnderTest(),
            "sqlite" => new SqliteUnderTest(place),
            "postgres" => new PostgresUnderTest(place),
            "redis" => await RedisUnderTest.ConnectAsync(place),
            "s3" => await S3UnderTest.ConnectAsync(place),
            _ => throw new ArgumentException($"The store '{store}' is not known. There are memory, sqlite, postgres, redis and s3.", nameof(store)),
        };
        await opened.Store.OpenAsync(CancellationToken.None);
        return opened;
    }
}
