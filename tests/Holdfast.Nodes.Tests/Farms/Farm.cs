using Holdfast.Nodes.Tests.Stores;
using Holdfast.Testing.Network;
using Holdfast.Testing.Processes;

namespace Holdfast.Nodes.Tests.Farms;

/// <summary>Server processes that share a store, behind a proxy that sends each connection to the next of them. Owns all but the store.</summary>
internal sealed class Farm : IAsyncDisposable
{
    private readonly ServerProcess[] _nodes;

    private Farm(ServerProcess[] nodes)
    {
        _nodes = nodes;
        Proxy = FaultProxy.Start(nodes[0].Port);
        Proxy.TargetPorts = [.. nodes.Select(node => node.Port)];
    }

    public FaultProxy Proxy { get; }

    public IReadOnlyList<ServerProcess> Nodes => _nodes;

    /// <summary>Where browsers find it.</summary>
    public Uri Address => new($"http://127.0.0.1:{Proxy.Port}/");

    /// <summary>Starts nodes at the same time, on a place of their own in the store.</summary>
    /// <param name="stores">The stores of the run.</param>
    /// <param name="kind">Which of them.</param>
    /// <param name="count">How many nodes.</param>
    /// <param name="fault">What is wrong with them, as <c>NodeFault</c> names it, or <c>none</c>, so that they can still be told; null: they are the test app as it is.</param>
    public static async Task<Farm> StartAsync(SharedStores stores, StoreKind kind, int count, string? fault = null)
    {
        var place = await stores.NewPlaceAsync(kind);
        var app = fault is null ? "Holdfast.TestApp" : "Holdfast.Nodes.Tests.Server";
        var options = new ServerProcessOptions
        {
            Path = DllOf(app),
            Arguments = [.. place, "--Logging:LogLevel:Default=Warning", .. fault is null or "none" ? Array.Empty<string>() : [$"--fault={fault}"]],
            Deadline = TimeSpan.FromSeconds(120),
        };
        return new Farm(await Task.WhenAll(Enumerable.Range(0, count).Select(_ => ServerProcess.StartAsync(options))));
    }

    /// <summary>Kills a node (SIGKILL). Its connections are reset; new ones go to the others.</summary>
    public Task KillAsync(int node) => Task.Run(_nodes[node].Kill);

    /// <summary>Starts a node that was killed.</summary>
    public Task RestartAsync(int node) => _nodes[node].RestartAsync();

    /// <summary>Sends new connections to these nodes only; those that exist stay.</summary>
    public void Route(params int[] nodes) => Proxy.TargetPorts = [.. nodes.Select(node => _nodes[node].Port)];

    /// <summary>Kills all nodes and starts them again: whatever is known then, the store has kept.</summary>
    public async Task KillAllAsync()
    {
        await Task.WhenAll(_nodes.Select(node => Task.Run(node.Kill)));
        await Task.WhenAll(_nodes.Select(node => node.RestartAsync()));
        Route([.. Enumerable.Range(0, _nodes.Length)]);
    }

    /// <summary>Tells a node of <c>Holdfast.Nodes.Tests.Server</c> what is to go wrong.</summary>
    public async Task TellAsync(int node, string fault)
    {
        using var http = new HttpClient { BaseAddress = _nodes[node].Address };
        (await http.PostAsync(new Uri($"fault/{fault}", UriKind.Relative), null)).EnsureSuccessStatusCode();
    }

    /// <summary>What the nodes wrote of errors.</summary>
    public IReadOnlyList<string> Errors => [.. _nodes.SelectMany(node => ErrorsOf(node.Output))];

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>The console's log has the level in one line and the message in those that follow.</summary>
    private static IEnumerable<string> ErrorsOf(IReadOnlyList<string> output)
    {
        for (var i = 0; i < output.Count; i++)
        {
            if (output[i].StartsWith("fail:", StringComparison.Ordinal) || output[i].StartsWith("crit:", StringComparison.Ordinal) || output[i].StartsWith("Unhandled", StringComparison.Ordinal))
            {
                yield return string.Join('\n', output.Skip(i).Take(8));
            }
        }
    }

    /// <summary>These tests are in artifacts/bin/Holdfast.Nodes.Tests/(configuration); the apps are beside them.</summary>
    private static string DllOf(string app)
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var dll = Path.Combine(here.Parent!.Parent!.FullName, app, here.Name, app + ".dll");
        return File.Exists(dll) ? dll : throw new FileNotFoundException(
            $"The app is not at '{dll}'. The tests start the one of their own configuration. Build Holdfast.slnx first.");
    }
}
