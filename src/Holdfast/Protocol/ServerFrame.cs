using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Holdfast.Protocol;

/// <summary>The codes of <c>error</c> frames.</summary>
internal static class ErrorCode
{
    public const string Failed = "failed";
    public const string Stale = "stale";
    public const string Limit = "limit";
    public const string State = "state";
    public const string BadFrame = "bad-frame";
    public const string TooBig = "too-big";
    public const string Ticket = "ticket";
    public const string Forbidden = "forbidden";
    public const string Version = "version";
}

/// <summary>Close codes beyond those of RFC 6455.</summary>
internal static class CloseCode
{
    public const int GoingAway = 1001;
    public const int Violation = 1008;
    public const int TooBig = 1009;
    public const int TryAgainLater = 1013;
    public const int Ticket = 4001;
    public const int TakenOver = 4002;
    public const int Forbidden = 4003;
    public const int Version = 4004;
}

/// <summary>A frame to a page: UTF-8 in a pooled array, which whoever sends it gives back.</summary>
internal readonly struct ServerFrame(byte[] array, int length)
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public ReadOnlyMemory<byte> Memory => array.AsMemory(0, length);

    public int Length => length;

    public void Return() => ArrayPool<byte>.Shared.Return(array);

    public static ServerFrame Ack(long acked)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(32);
        "[\"ack\","u8.CopyTo(buffer);
        System.Buffers.Text.Utf8Formatter.TryFormat(acked, buffer.AsSpan(7), out var digits);
        buffer[7 + digits] = (byte)']';
        return new ServerFrame(buffer, 8 + digits);
    }

    public static ServerFrame Pong() => Write(json => json.WriteStringValue("pong"u8));

    public static ServerFrame Error(string code, long settled, string message) => Write(json =>
    {
        json.WriteStringValue("error"u8);
        json.WriteStringValue(code);
        json.WriteNumberValue(settled);
        json.WriteStringValue(message);
    });

    public static ServerFrame Wait(TimeSpan time, long next) => Write(json =>
    {
        json.WriteStringValue("wait"u8);
        json.WriteNumberValue((long)time.TotalMilliseconds);
        json.WriteNumberValue(next);
    });

    public static ServerFrame Navigate(string url) => Write(json =>
    {
        json.WriteStringValue("navigate"u8);
        json.WriteStringValue(url);
    });

    public static ServerFrame Head(string html) => Write(json =>
    {
        json.WriteStringValue("head"u8);
        json.WriteStringValue(html);
    });

    public static ServerFrame GoAway(string reason, TimeSpan within) => Write(json =>
    {
        json.WriteStringValue("goaway"u8);
        json.WriteStringValue(reason);
        json.WriteNumberValue((long)within.TotalMilliseconds);
    });

    public static ServerFrame Joined(string instance, string start, long next, long sequence, string found, string? head, ReadOnlySpan<char> html, bool hasHtml)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartArray();
        json.WriteStringValue("joined"u8);
        json.WriteStartObject();
        json.WriteString("instance"u8, instance);
        json.WriteString("start"u8, start);
        json.WriteNumber("next"u8, next);
        json.WriteNumber("seq"u8, sequence);
        json.WriteString("found"u8, found);
        if (head is not null)
        {
            json.WriteString("head"u8, head);
        }

        if (hasHtml)
        {
            json.WriteString("html"u8, html);
        }

        json.WriteEndObject();
        json.WriteEndArray();
        json.Flush();
        return Copy(buffer);
    }

    private static ServerFrame Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(64);
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartArray();
        content(json);
        json.WriteEndArray();
        json.Flush();
        return Copy(buffer);
    }

    private static ServerFrame Copy(ArrayBufferWriter<byte> buffer)
    {
        var array = ArrayPool<byte>.Shared.Rent(buffer.WrittenCount);
        buffer.WrittenSpan.CopyTo(array);
        return new ServerFrame(array, buffer.WrittenCount);
    }
}
