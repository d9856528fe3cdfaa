using System.Diagnostics;
using System.Net.Http.Json;
using Holdfast.Benchmarks.Server;

namespace Holdfast.Benchmarks.Load;

/// <summary>A fresh server process on a core of its own; ends when it is disposed.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>Compiled within a second: little enough to begin. Chosen: a run compiles some ten thousand.</summary>
    private const int FewMethods = 20;

    private static int _lastPort = 5310;
    private readonly Process _process;

    private ServerProcess(Process process, int port)
    {
        _process = process;
        Port = port;
        Http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new Uri($"http://localhost:{port}") };
    }

    public int Port { get; }

    public HttpClient Http { get; }

    public static async Task<ServerProcess> StartAsync(string store, int core)
    {
        var port = ++_lastPort;
        var start = new ProcessStartInfo("taskset")
        {
            ArgumentList = { "-c", $"{core}", "dotnet", typeof(ServerProcess).Assembly.Location, "server", store, $"{port}" },
            Environment =
            {
                ["DOTNET_gcServer"] = "0",
                // The compiler otherwise waits for a quiet moment, which does not come under load: it would be warm after half a minute, not after four seconds.
                ["DOTNET_TC_CallCountingDelayMs"] = "0",
                ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = null,
                ["ASPNETCORE_ENVIRONMENT"] = "Production",
            },
        };
        var server = new ServerProcess(Process.Start(start)!, port);
        while (!await server.IsUpAsync())
        {
            await Task.Delay(50);
        }

        return server;
    }

    public async Task<ServerFigures> FiguresAsync(bool collect = false) =>
        (await Http.GetFromJsonAsync<ServerFigures>($"/figures?collect={collect}"))!;

    /// <summary>Waits until the server's code is compiled for good: before that a click costs up to twice as much.</summary>
    public async Task WarmUpAsync(LoadOptions options)
    {
        var started = Stopwatch.GetTimestamp();
        await Task.Delay(options.WarmUp);
        var compiled = (await FiguresAsync()).CompiledMethods;
        while (Stopwatch.GetElapsedTime(started) < options.LongestWarmUp)
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            var before = compiled;
            compiled = (await FiguresAsync()).CompiledMethods;
            if (compiled - before < FewMethods)
            {
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        foreach (var file in Directory.GetFiles(Path.GetTempPath(), $"holdfast-bench-{Port}.db*"))
        {
            File.Delete(file);
        }

        _process.Dispose();
    }

    private async Task<bool> IsUpAsync()
    {
        try
        {
            await FiguresAsync();
            return true;
        }
        catch (HttpRequestException) when (!_process.HasExited)
        {
            return false;
        }
    }
}
