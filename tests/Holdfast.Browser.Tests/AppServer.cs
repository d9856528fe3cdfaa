using Holdfast.Testing.Faults;
using Holdfast.Testing.Processes;

namespace Holdfast.Browser.Tests;

/// <summary>An app in a process of its own, with a database of its own. Owns both.</summary>
public sealed class AppServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private AppServer(ServerProcess process, DirectoryInfo folder) => (Process, _folder) = (process, folder);

    /// <summary>The process, to stop, kill and restart it. The database stays.</summary>
    public ServerProcess Process { get; }

    /// <summary>The app's address, which ends with a slash.</summary>
    public string Address => Process.Address.ToString();

    /// <summary>All bytes that the app has stored, of what is deleted too.</summary>
    public async Task<byte[]> StoredAsync(CancellationToken cancellationToken)
    {
        var stored = new List<byte>();
        foreach (var file in _folder.EnumerateFiles())
        {
            // Shared: the app has it open.
            await using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[stream.Length];
            await stream.ReadExactlyAsync(bytes, cancellationToken);
            stored.AddRange(bytes);
        }

        return [.. stored];
    }

    /// <summary>Starts the demo, and waits until it listens.</summary>
    public static Task<AppServer> StartDemoAsync(CancellationToken cancellationToken, params string[] arguments) =>
        StartAsync("Demo", arguments, cancellationToken);

    /// <summary>Starts the app with the tests' own views, and waits until it listens.</summary>
    public static Task<AppServer> StartTestAppAsync(CancellationToken cancellationToken, params string[] arguments) =>
        StartAsync("Holdfast.TestApp", arguments, cancellationToken);

    /// <summary>Starts the app with the tests' own views, so that its disk may be filled.</summary>
    public static Task<AppServer> StartOnDiskThatMayBeFullAsync(CancellationToken cancellationToken) =>
        StartAsync("Holdfast.TestApp", [], cancellationToken, FullDisk.WithDiskThatMayBeFull);

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static async Task<AppServer> StartAsync(string app, string[] arguments, CancellationToken cancellationToken, Func<ServerProcessOptions, ServerProcessOptions>? change = null)
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-browser-");
        try
        {
            var options = new ServerProcessOptions
            {
                Path = FindDll(app),
                Arguments = [$"--Holdfast:Sqlite:Path={Path.Combine(folder.FullName, "sessions.db")}", .. arguments],
            };
            var process = await ServerProcess.StartAsync(change?.Invoke(options) ?? options, cancellationToken);
            return new AppServer(process, folder);
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>These tests are in artifacts/bin/Holdfast.Browser.Tests/(configuration); the apps are beside them.</summary>
    private static string FindDll(string app)
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var dll = Path.Combine(here.Parent!.Parent!.FullName, app, here.Name, app + ".dll");
        return File.Exists(dll) ? dll : throw new FileNotFoundException(
            $"The app is not at '{dll}'. The browser tests start the one of their own configuration. Build Holdfast.slnx first.");
    }
}
