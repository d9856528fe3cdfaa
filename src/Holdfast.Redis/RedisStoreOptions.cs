namespace Holdfast.Redis;

/// <summary>Settings of the Redis store. Bound from the configuration section <c>Holdfast:Redis</c>; what code sets in <c>UseRedis(…)</c> wins
/// over it.</summary>
public sealed class RedisStoreOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Holdfast:Redis";

    /// <summary>The server or servers, as StackExchange.Redis writes them: <c>redis.example.com:6379,password=…,ssl=true</c>. Default:
    /// <c>localhost:6379</c>, for a first run.</summary>
    public string ConnectionString { get; set; } = "localhost:6379";

    /// <summary>What every key and the channel of notices begin with, so that several applications can share a server. Default:
    /// <c>hf:</c>.</summary>
    public string Prefix { get; set; } = "hf:";

    /// <summary>How long a connection may take to be made. Default: 5 seconds, chosen so that a start without a server fails while somebody
    /// still looks at it.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the server may take to answer before the call fails and the connection is made anew. Default: 5 seconds, chosen far
    /// longer than a disk's slow moment and shorter than a user waits.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
