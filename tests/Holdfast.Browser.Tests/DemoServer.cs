using Holdfast.Testing.Processes;

namespace Holdfast.Browser.Tests;

/// <summary>The demo in a process of its own, with a database of its own. Owns both.</summary>
public sealed class DemoServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private DemoServer(ServerProcess process, DirectoryInfo folder) => (Process, _folder) = (process, folder);

    /// <summary>The process, to stop, kill and restart it. The database stays.</summary>
    public ServerProcess Process { get; }

    /// <summary>The demo's address.</summary>
    public string Address => Process.Address.ToString();

    /// <summary>Starts the demo that was built together with these tests, and waits until it listens.</summary>
    public static async Task<DemoServer> StartAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-demo-");
        try
        {
            var process = await ServerProcess.StartAsync(
                new ServerProcessOptions
                {
                    Path = FindDll(),
                    Arguments = [$"--Holdfast:Sqlite:Path={Path.Combine(folder.FullName, "demo.db")}", .. arguments],
                },
                cancellationToken);
            return new DemoServer(process, folder);
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>These tests are in artifacts/bin/Holdfast.Browser.Tests/(configuration); the demo is beside them.</summary>
    private static string FindDll()
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var dll = Path.Combine(here.Parent!.Parent!.FullName, "Demo", here.Name, "Demo.dll");
        return File.Exists(dll) ? dll : throw new FileNotFoundException(
            $"The demo is not at '{dll}'. The browser tests start the one of their own configuration. Build Holdfast.slnx first.");
    }
}
