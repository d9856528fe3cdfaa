using System.Text.Json;

namespace Holdfast.Protocol;

/// <summary>The kinds of frames that a page sends. See docs/protocol.md.</summary>
internal enum ClientFrameKind : byte
{
    Invalid,
    Join,
    Fields,
    Event,
    Ack,
    Ping,
    Leave,
}

/// <summary>Something happened in the page.</summary>
/// <param name="Ref">Its number in its document.</param>
/// <param name="Sequence">The last patch that the page had applied.</param>
/// <param name="Address">Which handler it is for; empty when it is to be settled without one.</param>
/// <param name="Payload">A string, a bool, a string[] or a <see cref="JsonElement"/>; null when there is none.</param>
internal readonly record struct EventFrame(long Ref, long Sequence, string Address, object? Payload);

/// <summary>A control whose live value is not the one that the server gave last.</summary>
internal readonly record struct FieldEntry(string Address, object? Value, bool IsSettled);

/// <summary>A document asks for its page.</summary>
internal sealed record JoinFrame(string Ticket, string Tab, string Document, string Navigation, string? Instance, long Next, long Sequence, string Digest)
{
    /// <summary>Whether the page was opened anew in its tab, so that Reconnect members are cleared.</summary>
    public bool IsFresh => Navigation == "navigate";

    public bool IsRejoin => Navigation == "rejoin";

    /// <summary>The browser's time zone; null where it says none that this machine knows.</summary>
    public TimeZoneInfo? TimeZone { get; init; }
}

/// <summary>One frame from a page, parsed and checked.</summary>
internal readonly struct ClientFrame
{
    /// <summary>Deepest nesting of arrays and objects.</summary>
    public const int MaxDepth = 16;

    private const long MaxNumber = 1L << 53;
    private const int MaxIdLength = 32;
    private const int MaxZoneLength = 64;
    private const int MaxAddressLength = 64;

    /// <summary>A ticket holds the page's address: Kestrel takes 8 KiB of it, protection and base64 make it half as long again.</summary>
    private const int MaxTicketLength = 16 * 1024;

    public ClientFrameKind Kind { get; private init; }

    public EventFrame Event { get; private init; }

    public JoinFrame? Join { get; private init; }

    public List<FieldEntry>? Fields { get; private init; }

    /// <summary>Parses a frame. Whatever is not of the documented shape is <see cref="ClientFrameKind.Invalid"/>; nothing is thrown.</summary>
    public static ClientFrame Parse(ReadOnlySpan<byte> frame)
    {
        try
        {
            var reader = new Utf8JsonReader(frame, new JsonReaderOptions { MaxDepth = MaxDepth });
            return reader.Read() && reader.TokenType == JsonTokenType.StartArray && reader.Read() && reader.TokenType == JsonTokenType.String
                ? Parse(ref reader)
                : default;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            return default;
        }
    }

    private static ClientFrame Parse(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("event"u8))
        {
            return ParseEvent(ref reader);
        }

        if (reader.ValueTextEquals("ack"u8))
        {
            ReadNumber(ref reader);
            return Finish(ref reader, new ClientFrame { Kind = ClientFrameKind.Ack });
        }

        if (reader.ValueTextEquals("ping"u8))
        {
            return Finish(ref reader, new ClientFrame { Kind = ClientFrameKind.Ping });
        }

        if (reader.ValueTextEquals("fields"u8))
        {
            return ParseFields(ref reader);
        }

        if (reader.ValueTextEquals("join"u8))
        {
            return ParseJoin(ref reader);
        }

        return reader.ValueTextEquals("leave"u8) ? Finish(ref reader, new ClientFrame { Kind = ClientFrameKind.Leave }) : default;
    }

    private static ClientFrame ParseEvent(ref Utf8JsonReader reader)
    {
        var number = ReadNumber(ref reader);
        var sequence = ReadNumber(ref reader);
        var address = ReadText(ref reader, MaxAddressLength);
        var payload = reader.Read() && reader.TokenType != JsonTokenType.EndArray ? ReadPayload(ref reader) : null;
        if (number == 0)
        {
            throw new JsonException();
        }

        var frame = new ClientFrame { Kind = ClientFrameKind.Event, Event = new EventFrame(number, sequence, address, payload) };
        return reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == 0 ? End(ref reader, frame) : Finish(ref reader, frame);
    }

    private static ClientFrame ParseFields(ref Utf8JsonReader reader)
    {
        var fields = new List<FieldEntry>();
        Expect(ref reader, JsonTokenType.StartArray);
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            var address = ReadText(ref reader, MaxAddressLength);
            reader.Read();
            var value = ReadPayload(ref reader);
            var settled = ReadNumber(ref reader) == 1;
            Expect(ref reader, JsonTokenType.EndArray);
            fields.Add(new FieldEntry(address, value, settled));
        }

        return reader.TokenType == JsonTokenType.EndArray
            ? Finish(ref reader, new ClientFrame { Kind = ClientFrameKind.Fields, Fields = fields })
            : default;
    }

    private static ClientFrame ParseJoin(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        using var document = JsonDocument.ParseValue(ref reader);
        var join = document.RootElement;
        if (Number(join, "v") != 1)
        {
            return default;
        }

        var instance = join.TryGetProperty("instance", out var named) && named.ValueKind == JsonValueKind.String ? named.GetString() : null;
        var frame = new JoinFrame(
            Text(join, "ticket", MaxTicketLength),
            Id(Text(join, "tab", MaxIdLength)),
            Id(Text(join, "doc", MaxIdLength)),
            Text(join, "nav", MaxIdLength),
            instance,
            Math.Max(1, Number(join, "next")),
            Number(join, "seq"),
            Text(join, "digest", MaxIdLength))
        {
            TimeZone = ZoneIn(join),
        };
        var isKnown = frame.Navigation is "navigate" or "reload" or "back_forward" or "rejoin";
        return isKnown ? Finish(ref reader, new ClientFrame { Kind = ClientFrameKind.Join, Join = frame }) : default;
    }

    /// <summary>Passes over elements that a newer client may have added, up to the end of the frame.</summary>
    private static ClientFrame Finish(ref Utf8JsonReader reader, ClientFrame frame)
    {
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == 0)
            {
                return End(ref reader, frame);
            }
        }

        return default;
    }

    private static ClientFrame End(ref Utf8JsonReader reader, ClientFrame frame) => reader.Read() ? default : frame;

    private static object? ReadPayload(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return reader.GetString();
            case JsonTokenType.True:
                return true;
            case JsonTokenType.False:
                return false;
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.StartObject:
                return JsonElement.ParseValue(ref reader);
            case JsonTokenType.StartArray:
                var values = new List<string>();
                while (reader.Read() && reader.TokenType == JsonTokenType.String)
                {
                    values.Add(reader.GetString()!);
                }

                return reader.TokenType == JsonTokenType.EndArray ? values.ToArray() : throw new JsonException();
            default:
                throw new JsonException();
        }
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (!reader.Read() || reader.TokenType != token)
        {
            throw new JsonException();
        }
    }

    private static long ReadNumber(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.Number);
        return Check(reader.GetInt64());
    }

    private static string ReadText(ref Utf8JsonReader reader, int maxLength)
    {
        Expect(ref reader, JsonTokenType.String);
        var text = reader.GetString()!;
        return text.Length <= maxLength ? text : throw new JsonException();
    }

    private static long Check(long number) => number is >= 0 and < MaxNumber ? number : throw new JsonException();

    private static long Number(JsonElement join, string name) =>
        join.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? Check(value.GetInt64()) : throw new JsonException();

    private static string Text(JsonElement join, string name, int maxLength) =>
        join.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { } text && text.Length <= maxLength
            ? text
            : throw new JsonException();

    private static TimeZoneInfo? ZoneIn(JsonElement join) =>
        join.TryGetProperty("tz", out var zone) && zone.ValueKind == JsonValueKind.String && zone.GetString() is { Length: <= MaxZoneLength } id
        && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var found) ? found : null;

    /// <summary>Whether a text can be the id of a tab or a document.</summary>
    public static bool IsId(string text) => text.Length is > 0 and <= MaxIdLength && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');

    private static string Id(string text) => IsId(text) ? text : throw new JsonException();
}
