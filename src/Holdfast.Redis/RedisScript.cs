using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Redis;

/// <summary>A script that runs in the server, from a file in <c>Lua/</c>, which is embedded in the assembly.</summary>
internal sealed class RedisScript
{
    public static readonly RedisScript Write = new("write");
    public static readonly RedisScript Read = new("read");
    public static readonly RedisScript Delete = new("delete");
    public static readonly RedisScript Sweep = new("sweep");

    private RedisScript(string name)
    {
        using var stream = typeof(RedisScript).Assembly.GetManifestResourceStream(name + ".lua")!;
        using var reader = new StreamReader(stream);
        Text = reader.ReadToEnd();
        // Redis names scripts so: https://redis.io/commands/evalsha
#pragma warning disable CA5350
        Hash = SHA1.HashData(Encoding.UTF8.GetBytes(Text));
#pragma warning restore CA5350
    }

    public string Text { get; }

    /// <summary>The name by which a server that has seen the script runs it.</summary>
    public byte[] Hash { get; }
}
