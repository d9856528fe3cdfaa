using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Rendering;
using Holdfast.Security;
using Microsoft.AspNetCore.DataProtection;

namespace Holdfast.Posts;

/// <summary>What a form posts back: for whom and for which page it was served, what it showed, and the members of its tab.</summary>
/// <param name="Ticket">For whom and for which page.</param>
/// <param name="Digest">The digest of the page; null where no handler depends on what the page showed.</param>
/// <param name="Submit">The address of the form's submit handler.</param>
/// <param name="Controls">The controls in it.</param>
/// <param name="Members">The Tab and Reconnect members, by name.</param>
/// <param name="Version">The version of the view's state, which they are of.</param>
internal sealed record FormState(
    Ticket Ticket,
    string? Digest,
    string? Submit,
    [property: JsonConverter(typeof(ServedControlsConverter))] IReadOnlyList<ServedControl> Controls,
    IReadOnlyDictionary<string, byte[]>? Members,
    int Version = 0);

/// <summary>Protects what forms carry, so that it is authentic, unread, and bound to session, user and page by the ticket in it. Thread-safe.</summary>
internal sealed class FormStates(IDataProtectionProvider protection)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    private readonly IDataProtector _protector = protection.CreateProtector("Holdfast.Form.v1");

    public string Protect(FormState state) => _protector.Protect(JsonSerializer.Serialize(state, Json));

    /// <summary>Reads what a form posted back. False when it is not ours; whether it is still good, its ticket says.</summary>
    public bool TryOpen(string text, out FormState state)
    {
        state = null!;
        try
        {
            state = JsonSerializer.Deserialize<FormState>(_protector.Unprotect(text), Json)!;
            return true;
        }
        catch (Exception exception) when (exception is CryptographicException or JsonException or FormatException)
        {
            return false;
        }
    }
}
