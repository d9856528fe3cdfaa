using Holdfast.Connections;
using Holdfast.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Holdfast.Http;

/// <summary>Accepts sockets, or says why not. Thread-safe.</summary>
internal sealed class SocketEndpoint(
    ConnectionRegistry connections,
    ConnectionServices services,
    OriginCheck origin,
    PageCatalog catalog,
    Tickets tickets,
    SessionCookie cookie,
    IOptions<HoldfastOptions> options)
{
    /// <summary>When a refused client may come again. Chosen: spread by the client's own back-off.</summary>
    private const string RetryAfterSeconds = "2";

    public async Task AcceptAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            AnswerInquiry(context);
            return;
        }

        if (!origin.Allows(context.Request))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        if (!connections.TryEnter())
        {
            RefuseForNow(context);
            return;
        }

        try
        {
            await ServeAsync(context);
        }
        finally
        {
            connections.Exit();
        }
    }

    private async Task ServeAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            KeepAliveInterval = TimeSpan.Zero, // Pages ping, and silence is looked for.
            DangerousEnableCompression = options.Value.WebSocketCompression,
        });
        var gate = new JoinGate(context, catalog, tickets, cookie); // Without the request's services: their scope would live as long as the socket.
        var connection = new LiveConnection(socket, services, gate, context.User, context.RequestAborted);
        connections.Add(connection);
        try
        {
            await connection.RunAsync();
        }
        finally
        {
            connections.Remove(connection);
        }
    }

    /// <summary>A script cannot read why an upgrade was refused; it asks again without one.</summary>
    private void AnswerInquiry(HttpContext context)
    {
        if (connections.HasRoom)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        else
        {
            RefuseForNow(context);
        }
    }

    private static void RefuseForNow(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = RetryAfterSeconds;
    }
}
