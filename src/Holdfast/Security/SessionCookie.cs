using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Sessions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Holdfast.Security;

/// <summary>
/// The browser's session cookies: one for the visitor, one for the user who is signed in. Each holds a random id of 256 bits and a generation, protected. A value that this app did
/// not issue is replaced, never adopted. Thread-safe.
/// </summary>
/// <remarks>Two, so that a request which comes without the app's authentication cookie (a link from another site where that cookie is <c>SameSite=Strict</c>, a path that
/// it is not sent to) is a visitor's, and the user's session is still there for the next.</remarks>
internal sealed class SessionCookie(IDataProtectionProvider protection, IHostEnvironment environment, StorageKeys keys, IOptions<HoldfastOptions> options)
{
    private const int IdBytes = 32;
    private const int Length = sizeof(uint) + sizeof(long) + IdBytes;
    private readonly IDataProtector _protector = protection.CreateProtector("Holdfast.SessionCookie.v2");

    // Two apps on one host must not take each other's cookies for their own.
    private readonly string _name = "hf-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(environment.ApplicationName)).AsSpan(0, 4));

    /// <summary>A browser that has no session yet.</summary>
    public BrowserId New() => new(keys.Current, RandomNumberGenerator.GetBytes(IdBytes), 0);

    /// <summary>The cookie of the visitor or of the user, if the browser has one that we issued.</summary>
    public BrowserId? Read(HttpContext context, bool ofUser) =>
        context.Request.Cookies[NameFor(context, ofUser)] is { Length: > 0 and < 1024 } value ? Open(value) : null;

    /// <summary>The record that a request's browser has, as who it is now; null when it has none.</summary>
    public RecordClaim? ClaimOf(HttpContext context)
    {
        var user = Tickets.UserOf(context.User);
        return Read(context, user is not null)?.ClaimOf(user);
    }

    /// <summary>Gives the browser its session, or renews the cookie. Must come before the body.</summary>
    public void Write(HttpContext context, BrowserId id, bool ofUser)
    {
        Span<byte> payload = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt32BigEndian(payload, id.Key.Id);
        BinaryPrimitives.WriteInt64BigEndian(payload[sizeof(uint)..], id.Generation);
        id.Id.CopyTo(payload[(sizeof(uint) + sizeof(long))..]);
        context.Response.Cookies.Append(NameFor(context, ofUser), Base64Url.EncodeToString(_protector.Protect(payload.ToArray())), OptionsFor(context, options.Value.SessionLifetime));
    }

    /// <summary>Takes the cookie away.</summary>
    public void Drop(HttpContext context, bool ofUser) => context.Response.Cookies.Delete(NameFor(context, ofUser), OptionsFor(context, null));

    private static CookieOptions OptionsFor(HttpContext context, TimeSpan? maxAge) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = context.Request.IsHttps,
        Path = "/",
        MaxAge = maxAge,
        IsEssential = true,
    };

    private string NameFor(HttpContext context, bool ofUser) => (context.Request.IsHttps ? "__Host-" : "") + _name + (ofUser ? "-user" : "");

    private BrowserId? Open(string value)
    {
        try
        {
            var payload = _protector.Unprotect(Base64Url.DecodeFromChars(value));
            return payload.Length == Length && keys.Find(BinaryPrimitives.ReadUInt32BigEndian(payload)) is { } key
                ? new BrowserId(key, payload[(sizeof(uint) + sizeof(long))..], BinaryPrimitives.ReadInt64BigEndian(payload.AsSpan(sizeof(uint))))
                : null;
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException)
        {
            return null;
        }
    }
}
