using Holdfast.Connections;
using Holdfast.Sessions;
using Holdfast.TestViews;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Tests.Support;

/// <summary>One server in this process. Owns the app.</summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly WebApplication _app;
    private Task? _stopped;

    private Node(WebApplication app, ErrorLog log) => (_app, Log) = (app, log);

    public ErrorLog Log { get; }

    public int Port => new Uri(_app.Urls.Single()).Port;

    public IServiceProvider Services => _app.Services;

    public Signals Signals => Services.GetRequiredService<Signals>();

    public PageRegistry Pages => Services.GetRequiredService<PageRegistry>();

    public SessionRegistry Sessions => Services.GetRequiredService<SessionRegistry>();

    public ConnectionRegistry Connections => Services.GetRequiredService<ConnectionRegistry>();

    public static async Task<Node> StartAsync(
        string[] arguments, Action<IServiceCollection> configureServices, Action<IEndpointConventionBuilder>? configurePages)
    {
        var log = new ErrorLog();
        var app = TestApp.Build(
            arguments,
            services =>
            {
                services.AddLogging(logging => logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Warning));
                configureServices(services);
            },
            configurePages);
        await app.StartAsync();
        return new Node(app, log);
    }

    /// <summary>Stops the server in order.</summary>
    public Task StopAsync() => _stopped ??= _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _app.DisposeAsync();
    }
}
