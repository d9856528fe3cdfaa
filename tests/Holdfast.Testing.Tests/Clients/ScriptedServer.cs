using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Logging;

namespace Holdfast.Testing.Tests.Clients;

/// <summary>A server that says only what a test tells it to: one page, and sockets that the test answers by hand.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly Channel<ScriptedSocket> _sockets = Channel.CreateUnbounded<ScriptedSocket>();
    private readonly ConcurrentBag<ScriptedSocket> _all = [];
    private readonly WebApplication _app;

    private ScriptedServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public string Live { get; set; } = "";

    public string Posted { get; private set; } = "";

    public int RefusesWith { get; set; }

    /// <summary>Without sockets of its own: the handler and the WebSocket client of a TestServer reach it.</summary>
    public TestServer InMemory => _app.GetTestServer();

    public static async Task<ScriptedServer> StartAsync(string live, bool inMemory = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (inMemory)
        {
            builder.WebHost.UseTestServer();
        }

        var app = builder.Build();
        var server = new ScriptedServer(app) { Live = live };
        app.UseWebSockets();
        app.Map("/_holdfast", server.AcceptAsync);
        app.MapPost("/post", async context =>
        {
            var form = await context.Request.ReadFormAsync();
            server.Posted = string.Join('&', form.Select(field => $"{field.Key}={field.Value}"));
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = "/";
        });
        app.Map("/old", context =>
        {
            context.Response.Cookies.Append("session", "s1");
            context.Response.Redirect("/");
            return Task.CompletedTask;
        });
        app.Map("/", context => context.Response.WriteAsync(
            $"<!DOCTYPE html><body><!--holdfast-->{server.Live}<!--/holdfast-->"
            + $"<script id=\"holdfast\" data-ticket=\"ticket-{context.Request.Cookies["session"]}\" data-socket=\"/_holdfast\"></script></body>"));
        await app.StartAsync();
        return server;
    }

    public ValueTask<ScriptedSocket> AcceptedAsync() => _sockets.Reader.ReadAsync(Deadlines.Short);

    public ValueTask DisposeAsync()
    {
        foreach (var socket in _all)
        {
            socket.Dispose();
        }

        return _app.DisposeAsync();
    }

    private async Task AcceptAsync(HttpContext context)
    {
        if (RefusesWith > 0)
        {
            context.Response.StatusCode = RefusesWith;
            context.Response.Headers.RetryAfter = "7";
            return;
        }

        using var socket = new ScriptedSocket(await context.WebSockets.AcceptWebSocketAsync(), context.Request.Headers.Origin!);
        _all.Add(socket);
        _sockets.Writer.TryWrite(socket);
        await socket.Done;
    }
}

internal sealed class ScriptedSocket(WebSocket socket, string origin) : IDisposable
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Origin => origin;

    public Task Done => _done.Task;

    public async Task<string> ReceiveAsync()
    {
        var buffer = new byte[64 * 1024];
        var part = await socket.ReceiveAsync(buffer, Deadlines.Short);
        return Encoding.UTF8.GetString(buffer, 0, part.Count);
    }

    public Task SendAsync(string frame) => socket.SendAsync(
        Encoding.UTF8.GetBytes(frame), WebSocketMessageType.Text, true, Deadlines.Short);

    public Task CloseAsync(int code) =>
        socket.CloseOutputAsync((WebSocketCloseStatus)code, null, Deadlines.Short);

    /// <summary>Answers a join, and takes the <c>fields</c> that follow.</summary>
    public async Task<(string Join, string Fields)> JoinedAsync(long next = 1, string start = "s1", string? html = null, long seq = 0)
    {
        var join = await ReceiveAsync();
        var body = new System.Text.Json.Nodes.JsonObject
        {
            ["instance"] = "i1", ["start"] = start, ["next"] = next, ["seq"] = seq, ["found"] = "new",
        };
        if (html is not null)
        {
            body["html"] = html;
        }

        await SendAsync(new System.Text.Json.Nodes.JsonArray("joined", body).ToJsonString());
        return (join, await ReceiveAsync());
    }

    public void Dispose()
    {
        socket.Abort();
        _done.TrySetResult();
    }
}
