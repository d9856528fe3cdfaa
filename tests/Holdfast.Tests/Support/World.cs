using System.Net;
using System.Reflection;
using System.Text;
using Holdfast.Stores;
using Holdfast.Testing.Faults;
using Holdfast.Testing.Network;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Tests.Support;

/// <summary>What outlives a server: the store, the keys, the clock, and the address at which browsers find whichever node serves now.</summary>
/// <remarks>Disposing ends all its clients and nodes, and fails when a node logged an error that the test did not expect.</remarks>
internal sealed class World : IAsyncDisposable
{
    /// <summary>Names the records, so that no node has to ask the store for a key.</summary>
    public const string StorageKey = "c3RvcmFnZSBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXRlcw==";

    private readonly IDataProtectionProvider _keys = new EphemeralDataProtectionProvider();
    private readonly List<Node> _nodes = [];
    private readonly List<ProtocolClient> _clients = [];
    private readonly List<FormClient> _formClients = [];
    private FaultProxy? _proxy;

    public FaultyStore Store { get; init; } = new(new MemorySessionStore());

    /// <summary>The nodes' clock. Clients always go by the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Arguments of every node, such as <c>--Holdfast:GraceTime=00:00:00</c>.</summary>
    public string[] Arguments { get; init; } = [];

    /// <summary>Whether errors in the nodes' logs are expected.</summary>
    public bool ExpectsErrors { get; set; }

    public FaultProxy Proxy => _proxy ?? throw new InvalidOperationException("No node was started.");

    /// <summary>The node that serves now.</summary>
    public Node Node => _nodes[^1];

    public Uri Address => new($"http://127.0.0.1:{Proxy.Port}/");

    public static async Task<World> StartAsync(params string[] arguments)
    {
        var world = new World { Arguments = arguments };
        await world.StartNodeAsync();
        return world;
    }

    /// <summary>Starts a node; browsers that connect from now on get to it.</summary>
    public async Task<Node> StartNodeAsync(
        string[]? arguments = null, Action<IServiceCollection>? configureServices = null, Action<IEndpointConventionBuilder>? configurePages = null)
    {
        var node = await Node.StartAsync(
            ["--store=memory", $"--Holdfast:StorageKeys:0={StorageKey}", .. Arguments, .. arguments ?? []],
            services =>
            {
                services.AddSingleton<ISessionStore>(Store);
                services.AddSingleton(_keys);
                services.AddSingleton(Time);
                configureServices?.Invoke(services);
            },
            configurePages);
        _nodes.Add(node);
        _proxy ??= FaultProxy.Start(node.Port);
        _proxy.TargetPort = node.Port;
        return node;
    }

    /// <summary>Starts a node with one of the builds of <c>Holdfast.TestApp.Versions</c>: <c>First</c>, <c>Second</c> or <c>Back</c>.</summary>
    public Task<Node> StartBuildAsync(string build) => StartNodeAsync(
        configureServices: services => services.Configure<HoldfastOptions>(options => options.AdditionalAssemblies.Add(Assembly.Load($"Holdfast.TestApp.Versions.{build}"))));

    /// <summary>The only session that is stored.</summary>
    public async Task<(string Key, StoredSession Session)> StoredAsync()
    {
        var key = (await RecordsAsync()).ShouldHaveSingleItem();
        return (key, (await Store.ReadAsync(key, 0, CancellationToken.None)).Session!);
    }

    /// <summary>The only session that is stored, as text: an entry a line.</summary>
    public async Task<string[]> StoredTextAsync() =>
        [.. (await StoredAsync()).Session.Entries
            .Select(entry => $"{entry.Key.Slice} {entry.Key.Kind.ToString()[..1].ToLowerInvariant()} {entry.Key.Name} {Encoding.UTF8.GetString(entry.Value)}")
            .Order(StringComparer.Ordinal)];

    /// <summary>Writes into the only session that is stored, as another node or a hand would.</summary>
    public async Task AlterAsync(params EntryChange[] changes)
    {
        var (key, session) = await StoredAsync();
        (await Store.WriteAsync(key, new SessionWrite(session.Revision, session.ExpiresAt, changes), CancellationToken.None)).Committed.ShouldBeTrue();
    }

    /// <summary>A server dies and another takes its place: sockets are reset, instances are gone, the store stays.</summary>
    public async Task<Node> CrashAsync(string[]? arguments = null)
    {
        var old = Node;
        Proxy.Hold(Direction.ToClient);
        Proxy.Hold(Direction.ToServer);
        Proxy.Cut();
        Proxy.Release(Direction.ToClient);
        Proxy.Release(Direction.ToServer);
        var node = await StartNodeAsync(arguments);
        await old.StopAsync();
        return node;
    }

    /// <summary>A browser with no cookies yet.</summary>
    public ProtocolClient Browser(Func<ProtocolClientOptions, ProtocolClientOptions>? change = null)
    {
        var options = new ProtocolClientOptions { BaseAddress = Address };
        var client = new ProtocolClient(change?.Invoke(options) ?? options);
        _clients.Add(client);
        return client;
    }

    /// <summary>A browser without script that has opened a page.</summary>
    public async Task<FormClient> OpenFormAsync(string url, CookieContainer? cookies = null)
    {
        var client = new FormClient(new ProtocolClientOptions { BaseAddress = Address, Cookies = cookies ?? new CookieContainer() });
        _formClients.Add(client);
        await client.OpenAsync(url);
        client.Status.ShouldBe(HttpStatusCode.OK);
        return client;
    }

    /// <summary>The keys of the browsers' and users' records.</summary>
    public async Task<List<string>> RecordsAsync()
    {
        var records = new List<string>();
        await foreach (var key in Store.ListAsync(CancellationToken.None))
        {
            if (!key.StartsWith("config:", StringComparison.Ordinal))
            {
                records.Add(key);
            }
        }

        return records;
    }

    /// <summary>Another tab of the client's browser.</summary>
    public ProtocolClient Tab(ProtocolClient client, string? tab = null) =>
        Browser(options => options with { Cookies = client.Cookies, Tab = tab });

    /// <summary>A browser that has opened a page and joined it.</summary>
    public async Task<ProtocolClient> OpenAsync(string url, Func<ProtocolClientOptions, ProtocolClientOptions>? change = null)
    {
        var client = Browser(change);
        (await client.GetPageAsync(url)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await client.JoinAsync();
        return client;
    }

    /// <summary>Another tab of the client's browser, on the same page or another, joined.</summary>
    public async Task<ProtocolClient> OpenTabAsync(ProtocolClient client, string? url = null, string? tab = null)
    {
        var other = Tab(client, tab);
        await other.GetPageAsync(url ?? client.Address!.PathAndQuery);
        await other.JoinAsync();
        return other;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        _formClients.ForEach(client => client.Dispose());
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        if (!ExpectsErrors)
        {
            _nodes.SelectMany(node => node.Log.Errors).ShouldBeEmpty();
        }
    }
}
