using System.Buffers.Text;
using System.Security.Cryptography;

namespace Holdfast.Connections;

/// <summary>Random names of instances and of runs of the server: 72 bits in 12 characters of base64url.</summary>
internal static class InstanceName
{
    public static string New()
    {
        Span<byte> bytes = stackalloc byte[9];
        RandomNumberGenerator.Fill(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
