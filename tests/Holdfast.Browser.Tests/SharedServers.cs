using Holdfast.Browser.Tests;

[assembly: AssemblyFixture(typeof(SharedServers))]

namespace Holdfast.Browser.Tests;

/// <summary>The apps that nobody kills: one process of each for all tests, started by the first that asks.</summary>
public sealed class SharedServers : IAsyncDisposable
{
    /// <summary>As strict as a policy can be for a page with a script and a style sheet of its own.</summary>
    public const string StrictPolicy = "default-src 'self'; require-trusted-types-for 'script'; trusted-types holdfast";

    private readonly Lazy<Task<AppServer>> _testApp = new(() => AppServer.StartTestAppAsync(CancellationToken.None));
    private readonly Lazy<Task<AppServer>> _demo = new(() => AppServer.StartDemoAsync(CancellationToken.None));

    private readonly Lazy<Task<AppServer>> _postingDemo = new(() => AppServer.StartDemoAsync(CancellationToken.None, "--Holdfast:WebSockets=false"));

    private readonly Lazy<Task<AppServer>> _strictTestApp = new(() => AppServer.StartTestAppAsync(CancellationToken.None, $"--policy={StrictPolicy}"));

    /// <summary>The app with the tests' own views.</summary>
    public Task<AppServer> TestAppAsync() => _testApp.Value;

    /// <summary>The same with <see cref="StrictPolicy"/>.</summary>
    public Task<AppServer> StrictTestAppAsync() => _strictTestApp.Value;

    /// <summary>The demo.</summary>
    public Task<AppServer> DemoAsync() => _demo.Value;

    /// <summary>The demo, without sockets and script: everything goes by POST.</summary>
    public Task<AppServer> PostingDemoAsync() => _postingDemo.Value;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in (Lazy<Task<AppServer>>[])[_testApp, _strictTestApp, _demo, _postingDemo])
        {
            if (server.IsValueCreated)
            {
                await (await server.Value).DisposeAsync();
            }
        }
    }
}
