using System.Net.WebSockets;

namespace Holdfast.Testing.Clients;

/// <summary>Real sockets, as a browser opens them: no proxy, and nothing done that a test did not ask for.</summary>
internal static class Sockets
{
    public static SocketsHttpHandler NewHandler() => new() { UseCookies = false, AllowAutoRedirect = false, UseProxy = false };

    /// <exception cref="SocketRefusedException">The server answered the upgrade with a status.</exception>
    public static async Task<WebSocket> OpenAsync(SocketRequest request, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.Proxy = null;
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        socket.Options.SetRequestHeader("Origin", request.Origin);
        if (request.Cookies.Length > 0)
        {
            socket.Options.SetRequestHeader("Cookie", request.Cookies);
        }

        try
        {
            await socket.ConnectAsync(request.Address, cancellationToken);
            return socket;
        }
        catch (Exception exception)
        {
            var (status, headers) = (socket.HttpStatusCode, socket.HttpResponseHeaders);
            socket.Dispose();
            if (exception is not WebSocketException || status == 0)
            {
                throw;
            }

            var retryAfter = headers?.TryGetValue("Retry-After", out var values) == true ? values.First() : null;
            throw new SocketRefusedException(request.Address, status, retryAfter, exception);
        }
    }
}
