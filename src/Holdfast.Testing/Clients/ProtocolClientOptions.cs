using System.Net;
using System.Net.WebSockets;

namespace Holdfast.Testing.Clients;

/// <summary>How a <see cref="ProtocolClient"/> reaches the server and behaves.</summary>
public sealed record ProtocolClientOptions
{
    /// <summary>The server, for example <c>http://127.0.0.1:5000</c>. For a TestServer any address that it takes.</summary>
    public Uri BaseAddress { get; init; } = new("http://localhost");

    /// <summary>Sends the HTTP requests; default: real sockets. For a TestServer: <c>server.CreateHandler()</c>. It must
    /// neither follow redirects nor keep cookies, the client does. Disposed by its maker.</summary>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>Opens the socket; default: a <see cref="ClientWebSocket"/>. For a TestServer: its WebSocket client, with
    /// the request's cookies and origin as headers.</summary>
    public Func<SocketRequest, CancellationToken, Task<WebSocket>>? Connect { get; init; }

    /// <summary>The browser's cookies; clients that share them are tabs of one browser.</summary>
    public CookieContainer Cookies { get; init; } = new();

    /// <summary>The tab's id; default: random.</summary>
    public string? Tab { get; init; }

    /// <summary>The browser's time zone, an IANA name.</summary>
    public string TimeZone { get; init; } = "Etc/UTC";

    /// <summary>How long any wait may take before it fails; 10 s is far above what a healthy run needs.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The clock of what the client does by itself: bare acks (1 s), pings (20 s) and <c>wait</c>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether each <c>joined</c> is answered by <c>fields</c> and the unacked events; otherwise the test does
    /// it, by <see cref="ProtocolClient.SendFieldsAsync"/> and <see cref="ProtocolClient.ResendAsync"/>.</summary>
    public bool AnswersJoined { get; init; } = true;

    /// <summary>Whether a <c>wait</c> is obeyed; otherwise the test does it.</summary>
    public bool ObeysWait { get; init; } = true;

    /// <summary>Whether bare acks and pings are sent when they are due.</summary>
    public bool KeepsAlive { get; init; } = true;
}
