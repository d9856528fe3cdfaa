using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Sessions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace Holdfast.Security;

/// <summary>What a page's ticket says: for which session and user it was made, and which page it is, by which of its routes.</summary>
/// <param name="Record">The record that the page's state is in; null for a page without persisted members.</param>
/// <param name="Browser">The browser's record, where the page's state is in the user's.</param>
/// <param name="User">Who it was made for; null for a visitor.</param>
/// <param name="View">The page.</param>
/// <param name="Route">The route's template.</param>
/// <param name="PathBase">Where the app is.</param>
/// <param name="Path">The path.</param>
/// <param name="Query">The query.</param>
/// <param name="Culture">The culture that the page was rendered in.</param>
/// <param name="Expires">When it ends.</param>
internal sealed record Ticket(
    RecordClaim? Record, RecordClaim? Browser, string? User, string View, string Route, string PathBase, string Path, string Query, string Culture, DateTimeOffset Expires)
{
    /// <summary>What the browser's cookie has to claim.</summary>
    [JsonIgnore]
    public RecordClaim? Cookie => Browser ?? Record;
}

/// <summary>Makes and opens tickets. A ticket is authentic, bound to session, user and page, and expires. Thread-safe.</summary>
internal sealed class Tickets(IDataProtectionProvider protection, TimeProvider time, IOptions<HoldfastOptions> options)
{
    // Addresses are full of what the default encoder would write six characters for.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };

    private readonly IDataProtector _protector = protection.CreateProtector("Holdfast.Ticket.v1");

    /// <summary>What a page's ticket will say.</summary>
    public Ticket For(RecordClaim? record, RecordClaim? browser, ClaimsPrincipal user, Type view, string route, string pathBase, string path, string query, string culture) =>
        new(record, browser, UserOf(user), view.FullName!, route, pathBase, path, query, culture, Expiry());

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

    /// <summary>When the page of a ticket that stays open is to fetch another: after half the ticket's life or the cookie's, spread by a tenth.</summary>
    public DateTimeOffset RenewAt(Ticket ticket)
    {
        var life = options.Value.TicketLifetime < options.Value.SessionLifetime ? options.Value.TicketLifetime : options.Value.SessionLifetime;
        return ticket.Expires - options.Value.TicketLifetime + (life * (0.5 - (Random.Shared.NextDouble() / 10)));
    }

    public bool IsExpired(Ticket ticket) => ticket.Expires <= time.GetUtcNow();

    /// <summary>What tells one user from another: the name identifier, else the name; null for a visitor.</summary>
    public static string? UserOf(ClaimsPrincipal user) =>
        user.Identity?.IsAuthenticated == true ? user.FindFirstValue(ClaimTypes.NameIdentifier) ?? user.Identity.Name ?? "" : null;
}
