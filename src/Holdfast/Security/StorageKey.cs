using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Security;

/// <summary>A secret by which records are named: whoever reads the store cannot tell whose a record is, nor make a cookie of its name. Immutable.</summary>
/// <remarks>Names are HMAC-SHA256 (RFC 2104) of a kind and an id.</remarks>
internal sealed class StorageKey
{
    /// <summary>The shortest secret: as long as the hash.</summary>
    public const int MinBytes = 32;

    private const int TagBytes = 16;
    private readonly byte[] _secret;

    public StorageKey(byte[] secret)
    {
        _secret = secret;
        Id = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(secret));
    }

    /// <summary>Tells this key from others of the app, and says nothing about it.</summary>
    public uint Id { get; }

    /// <summary>The name of a browser's record.</summary>
    public string NameOf(ReadOnlySpan<byte> browser) => "anon:" + Base64Url.EncodeToString(Hash("anon", browser));

    /// <summary>The name of a user's record.</summary>
    public string NameOf(string user) => "user:" + Base64Url.EncodeToString(Hash("user", Encoding.UTF8.GetBytes(user)));

    /// <summary>What a record remembers of its user.</summary>
    public string TagOf(string user) => Base64Url.EncodeToString(Hash("tag", Encoding.UTF8.GetBytes(user)).AsSpan(0, TagBytes));

    private byte[] Hash(string kind, ReadOnlySpan<byte> id)
    {
        byte[] text = [.. Encoding.ASCII.GetBytes(kind), 0, .. id];
        return HMACSHA256.HashData(_secret, text);
    }
}
