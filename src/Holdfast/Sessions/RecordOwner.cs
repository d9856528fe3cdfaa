using System.Buffers;
using System.Text.Json;
using Holdfast.Stores;

namespace Holdfast.Sessions;

/// <summary>
/// Whose a record is: the user's tag (null: a visitor's), and its generation. A new generation begins when a visitor signs in, when a user signs out and when the state is
/// deleted; what was issued for an earlier one is dead. The form is described in docs/decisions/001-the-stored-form.md.
/// </summary>
internal readonly record struct RecordOwner(string? User, long Generation)
{
    /// <summary>Where it is stored. Its slice has no name, which no view's has.</summary>
    public static readonly EntryKey Entry = new("", EntryKind.Slice, "");

    /// <summary>Nobody's in particular: a visitor's record, of which nothing was ever revoked.</summary>
    public static RecordOwner Visitor => default;

    /// <summary>What cannot be read is nobody's: no claim is as new.</summary>
    private static RecordOwner Unreadable => new("", long.MaxValue);

    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>(64);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (User is not null)
            {
                writer.WriteString("u"u8, User);
            }

            writer.WriteNumber("g"u8, Generation);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static RecordOwner Decode(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return new RecordOwner(root.TryGetProperty("u", out var user) ? user.GetString() : null, root.GetProperty("g").GetInt64());
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return Unreadable;
        }
    }
}

/// <summary>The right to a record: which one, as whose. What a cookie and a ticket show.</summary>
/// <param name="Key">The storage key.</param>
/// <param name="Owner">Whose the record has to be, and of which generation at most.</param>
internal sealed record RecordClaim(string Key, RecordOwner Owner);
