using System.ComponentModel;
using System.Text.RegularExpressions;
using Holdfast.Testing.Processes;

namespace Holdfast.Testing.Servers;

/// <summary>A Redis server of a test's own, on a free loopback port, with its data in a folder under the temporary directory. It confirms a
/// write when that is on the disk (<c>appendfsync always</c>) unless its settings say otherwise.</summary>
/// <remarks>Owns the process and the folder: both go when this is disposed. Members are for one caller at a time. Needs <c>redis-server</c>
/// (Debian: the package <c>redis-server</c>) in the path.</remarks>
public sealed partial class RedisServer : IAsyncDisposable
{
    /// <summary>How many ports are tried: another process may take a free one between its finding and its use.</summary>
    private const int PortsToTry = 5;

    private readonly DirectoryInfo _folder;
    private readonly ServerProcess _process;

    private RedisServer(DirectoryInfo folder, ServerProcess process) => (_folder, _process) = (folder, process);

    /// <summary>The port that it listens on; a restart keeps it.</summary>
    public int Port => _process.Port;

    /// <summary>Host and port, as the client wants them.</summary>
    public string ConnectionString => $"127.0.0.1:{Port}";

    /// <summary>Starts a server and waits until it takes connections.</summary>
    /// <param name="settings">Settings of <c>redis.conf</c> on top of this class's own, for example <c>("appendonly", "no")</c>.</param>
    /// <param name="cancellationToken">Ends the wait; the process is killed.</param>
    public static async Task<RedisServer> StartAsync(IEnumerable<(string Name, string Value)>? settings = null, CancellationToken cancellationToken = default)
    {
        var folder = Directory.CreateTempSubdirectory("holdfast-redis-");
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return new RedisServer(folder, await ServerProcess.StartAsync(Options(folder, FreePort.Next(), settings ?? []), cancellationToken));
                }
                catch (InvalidOperationException ended) when (attempt < PortsToTry && ended.Message.Contains("Address already in use", StringComparison.Ordinal))
                {
                    // Somebody was quicker.
                }
            }
        }
        catch (Win32Exception exception)
        {
            folder.Delete(recursive: true);
            throw new InvalidOperationException(
                "'redis-server' could not be started: it is not in the path. The tests of Holdfast.Redis need a real server. Install it with 'apt-get install redis-server'.", exception);
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>Kills it as a power cut does (SIGKILL); returns when it is gone.</summary>
    public Task KillAsync() => Task.Run(_process.Kill);

    /// <summary>Starts it on the same port and data, and waits until it has read them. If it runs it is stopped first.</summary>
    public Task RestartAsync(CancellationToken cancellationToken = default) => _process.RestartAsync(cancellationToken: cancellationToken);

    /// <summary>Kills it, and deletes its data.</summary>
    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static ServerProcessOptions Options(DirectoryInfo folder, int port, IEnumerable<(string Name, string Value)> settings)
    {
        (string Name, string Value)[] own =
        [
            ("port", $"{port}"), ("bind", "127.0.0.1"), ("dir", folder.FullName), ("daemonize", "no"), ("save", ""),
            ("appendonly", "yes"), ("appendfsync", "always"), ("maxmemory-policy", "noeviction"),
        ];
        return new ServerProcessOptions
        {
            Path = "redis-server",
            // Of two values of one setting the last counts.
            Arguments = [.. own.Concat(settings).SelectMany(setting => (string[])[$"--{setting.Name}", setting.Value])],
            Port = port,
            ReadyLine = ReadyLine(),
        };
    }

    [GeneratedRegex("Ready to accept connections")]
    private static partial Regex ReadyLine();
}
