using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace Holdfast.Security;

/// <summary>What a page's ticket says: for which session and user it was made, and which page it is, by which of its routes.</summary>
internal sealed record Ticket(string? Session, string? User, string View, string Route, string PathBase, string Path, string Query, string Culture, DateTimeOffset Expires);

/// <summary>Makes and opens tickets. A ticket is authentic, bound to session, user and page, and expires. Thread-safe.</summary>
internal sealed class Tickets(IDataProtectionProvider protection, TimeProvider time, IOptions<HoldfastOptions> options)
{
    // Addresses are full of what the default encoder would write six characters for.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly IDataProtector _protector = protection.CreateProtector("Holdfast.Ticket.v1");

    /// <summary>What a page's ticket will say.</summary>
    public Ticket For(string? session, ClaimsPrincipal user, Type view, string route, string pathBase, string path, string query, string culture) =>
        new(session, UserOf(user), view.FullName!, route, pathBase, path, query, culture, Expiry());

    /// <summary>When a ticket that is made now ends.</summary>
    public DateTimeOffset Expiry() => time.GetUtcNow() + options.Value.TicketLifetime;

    public string Issue(Ticket ticket) => _protector.Protect(JsonSerializer.Serialize(ticket, Json));

    /// <summary>Opens a ticket. False when it is forged or expired.</summary>
    public bool TryOpen(string text, out Ticket ticket)
    {
        ticket = null!;
        try
        {
            ticket = JsonSerializer.Deserialize<Ticket>(_protector.Unprotect(text))!;
            return !IsExpired(ticket);
        }
        catch (Exception exception) when (exception is CryptographicException or JsonException or FormatException)
        {
            return false;
        }
    }

    public bool IsExpired(Ticket ticket) => ticket.Expires <= time.GetUtcNow();

    /// <summary>What tells one user from another: the name identifier, else the name; null for a visitor.</summary>
    public static string? UserOf(ClaimsPrincipal user) =>
        user.Identity?.IsAuthenticated == true ? user.FindFirstValue(ClaimTypes.NameIdentifier) ?? user.Identity.Name ?? "" : null;
}
