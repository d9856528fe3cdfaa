using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Holdfast.Security;

/// <summary>
/// The browser's session cookie: a random id of 256 bits and a generation, protected. A value that this app did not issue is replaced, never
/// adopted. Thread-safe.
/// </summary>
internal sealed class SessionCookie(IDataProtectionProvider protection, IHostEnvironment environment, IOptions<HoldfastOptions> options)
{
    private const int IdBytes = 32;
    private readonly IDataProtector _protector = protection.CreateProtector("Holdfast.SessionCookie.v1");

    // Two apps on one host must not take each other's cookies for their own.
    private readonly string _name = "hf-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(environment.ApplicationName)).AsSpan(0, 4));

    /// <summary>The storage key of the browser's session, or null when it has none that we issued.</summary>
    public string? Read(HttpContext context) =>
        context.Request.Cookies[NameFor(context)] is { Length: > 0 and < 1024 } value && TryUnprotect(value, out var id) ? StorageKey(id) : null;

    /// <summary>Gives the browser a session, or renews the cookie of the one it has. Must come before the body.</summary>
    public string Issue(HttpContext context)
    {
        Span<byte> payload = stackalloc byte[IdBytes + sizeof(long)];
        payload.Clear();
        if (context.Request.Cookies[NameFor(context)] is { Length: > 0 and < 1024 } value && TryUnprotect(value, out var known))
        {
            known.CopyTo(payload);
        }
        else
        {
            RandomNumberGenerator.Fill(payload[..IdBytes]);
        }

        context.Response.Cookies.Append(NameFor(context), Base64Url.EncodeToString(_protector.Protect(payload.ToArray())), new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            Secure = context.Request.IsHttps,
            Path = "/",
            MaxAge = options.Value.SessionLifetime,
            IsEssential = true,
        });
        return StorageKey(payload[..IdBytes]);
    }

    private string NameFor(HttpContext context) => context.Request.IsHttps ? "__Host-" + _name : _name;

    private bool TryUnprotect(string value, out byte[] id)
    {
        id = [];
        try
        {
            var payload = _protector.Unprotect(Base64Url.DecodeFromChars(value));
            if (payload.Length != IdBytes + sizeof(long))
            {
                return false;
            }

            id = payload[..IdBytes];
            return true;
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException)
        {
            return false;
        }
    }

    /// <summary>The raw id is in no key: whoever reads the store cannot make a cookie of it.</summary>
    private static string StorageKey(ReadOnlySpan<byte> id) => "anon:" + Base64Url.EncodeToString(SHA256.HashData(id));
}
