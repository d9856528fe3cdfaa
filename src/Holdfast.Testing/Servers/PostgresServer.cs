using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Holdfast.Testing.Processes;

namespace Holdfast.Testing.Servers;

/// <summary>A PostgreSQL server of the test's own, on a free loopback port, which may be killed and started again on the same data.</summary>
/// <remarks>
/// <para>Owns its processes and its folder under the temporary directory; both go when this is disposed, the processes also when the test process exits.
/// It never touches the system's own server. Members are for one caller at a time.</para>
/// <para>PostgreSQL refuses to run as root: then it runs as the user <c>postgres</c>.</para>
/// </remarks>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>The superuser, and the database of that name.</summary>
    public const string User = "postgres";

    /// <summary>The superuser's password.</summary>
    public const string Password = "a password; with 'quotes'";

    private const int LinesInMessages = 40;

    /// <summary>How many ports are tried: another process may take a free one between its finding and its use.</summary>
    private const int PortsToTry = 5;

    /// <summary>For a busy machine; an idle one takes a second for the folder and a tenth of one for a start.</summary>
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);

    private static readonly ConcurrentDictionary<int, Process> s_running = new();

    private readonly string _directory = Directory.CreateTempSubdirectory("holdfast-postgres-").FullName;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly IReadOnlyList<string> _settings;
    private Process? _process;

    static PostgresServer() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in s_running.Values)
        {
            KillAll(process);
        }
    };

    private PostgresServer(IReadOnlyList<string> settings) => _settings = settings;

    /// <summary>The loopback port; it stays when the server is started again.</summary>
    public int Port { get; private set; }

    /// <summary>How Npgsql reaches it as the superuser.</summary>
    public string ConnectionString => $"Host=127.0.0.1;Port={Port};Database={User};Username={User};Password=\"{Password}\"";

    private string Data => Path.Combine(_directory, "data");

    /// <summary>Makes a folder of data and starts a server on it.</summary>
    /// <param name="settings">Lines of its configuration, such as <c>fsync=off</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">PostgreSQL is not installed, or did not start.</exception>
    public static async Task<PostgresServer> StartAsync(IReadOnlyList<string>? settings = null, CancellationToken cancellationToken = default)
    {
        var server = new PostgresServer(settings ?? []);
        try
        {
            await server.MakeDataAsync(cancellationToken);
            await server.RunOnFreePortAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills it as a power cut does (SIGKILL, all of its processes): nothing is flushed. Returns when they are gone.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            var ended = KillAll(process);
            _process = null;
            await Task.WhenAll(ended.Select(EndAsync));
        }
    }

    /// <summary>Kills it if it runs, and starts it on the same port and the same data.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await KillAsync();
        await RunAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private static string Program(string name)
    {
        var found = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(version => int.TryParse(Path.GetFileName(version), out var number) ? number : 0)
                .Select(version => Path.Combine(version, "bin", name)).FirstOrDefault(File.Exists)
            : null;
        return found ?? throw new InvalidOperationException(
            $"PostgreSQL's '{name}' is not under /usr/lib/postgresql. The tests start a server of their own. Run `apt-get install postgresql`; no cluster "
            + "needs to run.");
    }

    private static ProcessStartInfo StartInfo(string program, params IEnumerable<string> arguments)
    {
        string[] command = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", program, .. arguments]
            : [program, .. arguments];
        return new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
            Environment = { ["LC_ALL"] = "C.UTF-8" },
        };
    }

    private async Task MakeDataAsync(CancellationToken cancellationToken)
    {
        var password = Path.Combine(_directory, "password");
        await File.WriteAllTextAsync(password, Password, cancellationToken);
        if (Environment.IsPrivilegedProcess)
        {
            await RunToEndAsync(new ProcessStartInfo("chown", ["-R", "postgres:", _directory]) { RedirectStandardOutput = true, RedirectStandardError = true }, cancellationToken);
        }

        await RunToEndAsync(
            StartInfo(Program("initdb"), "-D", Data, "-U", User, "-A", "scram-sha-256", $"--pwfile={password}", "-E", "UTF8", "--no-sync"), cancellationToken);
    }

    private async Task RunToEndAsync(ProcessStartInfo start, CancellationToken cancellationToken)
    {
        using var process = Start(start, static _ => { });
        await process.WaitForExitAsync(cancellationToken).WaitAsync(s_deadline, cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"'{start.FileName}' ended with {process.ExitCode}. The server's data could not be made. Its last lines: {LastLines()}");
        }
    }

    private async Task RunOnFreePortAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1;; attempt++)
        {
            Port = FreePort.Next();
            try
            {
                await RunAsync(cancellationToken);
                return;
            }
            catch (InvalidOperationException ended) when (attempt < PortsToTry && ended.Message.Contains("Address already in use", StringComparison.Ordinal))
            {
                // Somebody was quicker.
            }
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        string[] settings =
        [
            $"port={Port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "shared_buffers=64MB",
            // A test of a deadlock waits for it to be found.
            "deadlock_timeout=50ms", .. _settings,
        ];
        _process = Start(StartInfo(Program("postgres"), ["-D", Data, .. settings.SelectMany(setting => new[] { "-c", setting })]), line =>
        {
            if (line.Contains("database system is ready to accept connections", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        });
        s_running[_process.Id] = _process;
        var ended = _process.WaitForExitAsync(cancellationToken);
        await Task.WhenAny(ready.Task, ended).WaitAsync(s_deadline, cancellationToken);
        if (!ready.Task.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException($"PostgreSQL ended before it took connections. Its start failed. Its last lines: {LastLines()}");
        }
    }

    private Process Start(ProcessStartInfo start, Action<string> take)
    {
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        void Take(string? line)
        {
            if (line is not null)
            {
                _output.Enqueue(line);
                take(line);
            }
        }

        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private string LastLines() => string.Join('\n', _output.TakeLast(LinesInMessages));

    /// <summary>Kills the first process, which then starts no others, and those that it had started. Returns all of them.</summary>
    private static List<Process> KillAll(Process postmaster)
    {
        s_running.TryRemove(postmaster.Id, out _);
        List<Process> all = [postmaster, .. Children(postmaster.Id)];
        foreach (var process in all)
        {
            try
            {
                process.Kill();
            }
            catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                // It has ended by itself.
            }
        }

        return all;
    }

    private static IEnumerable<Process> Children(int parent)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && ParentOf(id) == parent
                && Find(id) is { } child)
            {
                yield return child;
            }
        }
    }

    private static int ParentOf(int id)
    {
        try
        {
            // Source: proc(5): after the name in parentheses come the state and the parent.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static Process? Find(int id)
    {
        try
        {
            return Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static async Task EndAsync(Process process)
    {
        await process.WaitForExitAsync().WaitAsync(s_deadline);
        process.Dispose();
    }
}
