using System.Text.Json;

namespace Holdfast.Testing.Clients;

/// <summary>A frame that the server sent.</summary>
/// <param name="Raw">The frame's text, as it was received.</param>
public abstract record ServerFrame(string Raw)
{
    /// <summary>Reads a frame.</summary>
    /// <exception cref="MalformedLiveHtmlException">It is not of the shape that the protocol gives it.</exception>
    public static ServerFrame Parse(string raw)
    {
        try
        {
            return Read(raw);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException
            or KeyNotFoundException or IndexOutOfRangeException or FormatException)
        {
            throw new MalformedLiveHtmlException(
                $"The server sent '{raw}', which is not a frame: {exception.Message} "
                + "See 'From the server' in docs/protocol.md for the shape of each.", exception);
        }
    }

    private static ServerFrame Read(string raw)
    {
        var frame = JsonElement.Parse(raw);
        return frame[0].GetString() switch
        {
            "joined" => JoinedFrame.From(raw, frame[1]),
            "patch" => new PatchFrame(raw, frame[1].GetInt64(), frame[2], Number(frame, 3), Number(frame, 4)),
            "ack" => new AckFrame(raw, frame[1].GetInt64()),
            "error" => new ErrorFrame(raw, frame[1].GetString()!, frame[2].GetInt64(), frame[3].GetString()!),
            "wait" => new WaitFrame(raw, frame[1].GetInt64(), frame[2].GetInt64()),
            "ticket" => new TicketFrame(raw, frame[1].GetString()!),
            "navigate" => new NavigateFrame(raw, frame[1].GetString()!),
            "head" => new HeadFrame(raw, frame[1].GetString()!),
            "pong" => new PongFrame(raw),
            "goaway" => new GoAwayFrame(raw, frame[1].GetString()!, frame[2].GetInt64()),
            _ => new UnknownFrame(raw),
        };
    }

    private static long Number(JsonElement frame, int index) =>
        frame.GetArrayLength() > index ? frame[index].GetInt64() : 0;
}

/// <summary>A page is mounted for this document.</summary>
/// <param name="Raw">The frame's text.</param>
/// <param name="Instance">The instance's name.</param>
/// <param name="Start">The name of this run of the server process.</param>
/// <param name="Next">The first ref that the server will take.</param>
/// <param name="Sequence">The sequence of what is shown.</param>
/// <param name="Html">What the page must show; <see langword="null"/> when the digest was equal.</param>
/// <param name="Found">What state was found.</param>
/// <param name="Head">What the page has in the document's head; <see langword="null"/> when it has nothing there.</param>
public sealed record JoinedFrame(
    string Raw, string Instance, string Start, long Next, long Sequence, string? Html, string Found, string? Head = null) : ServerFrame(Raw)
{
    internal static JoinedFrame From(string raw, JsonElement body) => new(
        raw,
        body.GetProperty("instance").GetString()!,
        body.GetProperty("start").GetString()!,
        body.GetProperty("next").GetInt64(),
        body.GetProperty("seq").GetInt64(),
        body.TryGetProperty("html", out var html) ? html.GetString() : null,
        body.GetProperty("found").GetString()!,
        body.TryGetProperty("head", out var head) ? head.GetString() : null);
}

/// <summary>The page changed.</summary>
/// <param name="Raw">The frame's text.</param>
/// <param name="Sequence">The patch's number.</param>
/// <param name="Components">The edits of each component.</param>
/// <param name="Ref">The last event that is handled in it; 0: no news.</param>
/// <param name="Acked">The last event that is acked; 0: no news.</param>
public sealed record PatchFrame(string Raw, long Sequence, JsonElement Components, long Ref, long Acked) : ServerFrame(Raw);

/// <summary>All events up to <paramref name="Ref"/> are settled and durable.</summary>
public sealed record AckFrame(string Raw, long Ref) : ServerFrame(Raw);

/// <summary>An event failed (<paramref name="Ref"/> above 0), or the connection does.</summary>
public sealed record ErrorFrame(string Raw, string Code, long Ref, string Message) : ServerFrame(Raw);

/// <summary>All events from <paramref name="Ref"/> on are to be resent after that time.</summary>
public sealed record WaitFrame(string Raw, long Milliseconds, long Ref) : ServerFrame(Raw);

/// <summary>The ticket to use from now on.</summary>
public sealed record TicketFrame(string Raw, string Ticket) : ServerFrame(Raw);

/// <summary>The address to load.</summary>
public sealed record NavigateFrame(string Raw, string Url) : ServerFrame(Raw);

/// <summary>What the page has in the document's head.</summary>
public sealed record HeadFrame(string Raw, string Html) : ServerFrame(Raw);

/// <summary>The answer to a ping.</summary>
public sealed record PongFrame(string Raw) : ServerFrame(Raw);

/// <summary>The server closes soon.</summary>
public sealed record GoAwayFrame(string Raw, string Reason, long Milliseconds) : ServerFrame(Raw);

/// <summary>A frame of a kind that this client does not know.</summary>
public sealed record UnknownFrame(string Raw) : ServerFrame(Raw);
