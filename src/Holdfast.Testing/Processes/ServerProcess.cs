using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Holdfast.Testing.Processes;

/// <summary>
/// A server in a process of its own, which a test may stop, kill and start again on the same port.
/// </summary>
/// <remarks>Owns the process: it is killed when this is disposed and when the test process exits. Members are for one
/// caller at a time, but for <see cref="Kill"/>, which any thread may call.</remarks>
public sealed class ServerProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int LinesInMessages = 40;

    private static readonly ConcurrentDictionary<int, Process> Running = new();

    private readonly ConcurrentQueue<string> _output = new();
    private ServerProcessOptions _options;
    private Process? _process;

    static ServerProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in Running.Values)
        {
            KillQuietly(process);
        }
    };

    private ServerProcess(ServerProcessOptions options) => _options = options;

    /// <summary>The port that it listens on.</summary>
    public int Port { get; private set; }

    /// <summary>Its address, for example <c>http://127.0.0.1:5000/</c>.</summary>
    public Uri Address => new($"http://127.0.0.1:{Port}/");

    /// <summary>The process's id.</summary>
    /// <exception cref="InvalidOperationException">It does not run.</exception>
    public int Id => IsRunning ? _process!.Id : throw new InvalidOperationException(
        "The server does not run. It was stopped, killed, or ended by itself. Start it with 'RestartAsync'.");

    /// <summary>Whether the process runs.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>The exit code of the last run (137 after a kill); <see langword="null"/> while it runs.</summary>
    public int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    /// <summary>All lines of all runs so far, standard output and error together.</summary>
    public IReadOnlyList<string> Output => [.. _output];

    /// <summary>Starts a server and waits until it listens.</summary>
    /// <exception cref="InvalidOperationException">It ended instead; the message has its last lines.</exception>
    /// <exception cref="TimeoutException">It did not listen in time; it is killed.</exception>
    public static async Task<ServerProcess> StartAsync(
        ServerProcessOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var server = new ServerProcess(options) { Port = options.Port };
        await server.StartAsync(cancellationToken);
        return server;
    }

    /// <summary>Kills it as a power cut does (SIGKILL): nothing is flushed, no handler runs. Returns when it is gone;
    /// does nothing when it does not run.</summary>
    public void Kill()
    {
        if (_process is { } process)
        {
            KillQuietly(process);
            process.WaitForExit();
        }
    }

    /// <summary>Waits until it has ended by itself; returns at once when it does not run.</summary>
    public Task WaitForExitAsync(CancellationToken cancellationToken = default) =>
        _process?.WaitForExitAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Asks it to stop (SIGTERM), as a deploy does, and waits until it has.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="TimeoutException">It did not stop in time; it is killed.</exception>
    public async Task<int> StopAsync(CancellationToken cancellationToken = default)
    {
        if (_process is not { HasExited: false } process)
        {
            return ExitCode ?? 0;
        }

        _ = SendSignal(process.Id, SigTerm);
        using var deadline = Deadline(cancellationToken);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            Kill();
            throw new TimeoutException(
                $"The server '{_options.Path}' did not stop within {_options.Deadline.TotalSeconds} s of SIGTERM, and was killed. "
                + $"Something holds its shutdown. Its last lines: {LastLines()}");
        }
    }

    /// <summary>Stops it (SIGTERM) if it runs, and starts it on the same port.</summary>
    /// <param name="change">Another dll, other arguments; the port stays.</param>
    /// <param name="cancellationToken">Ends the waits before the deadline does.</param>
    public async Task RestartAsync(
        Func<ServerProcessOptions, ServerProcessOptions>? change = null, CancellationToken cancellationToken = default)
    {
        await StopAsync(cancellationToken);
        _process?.Dispose();
        _options = change?.Invoke(_options) ?? _options;
        await StartAsync(cancellationToken);
    }

    /// <summary>Kills it if it runs.</summary>
    public ValueTask DisposeAsync()
    {
        Kill();
        _process?.Dispose();
        _process = null;
        return ValueTask.CompletedTask;
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var listening = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = StartInfo(), EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Take(line.Data, listening);
        process.ErrorDataReceived += (_, line) => Take(line.Data, listening);
        process.Exited += (_, _) => Running.TryRemove(process.Id, out _);
        process.Start();
        _process = process;
        Running[process.Id] = process;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        using var deadline = Deadline(cancellationToken);
        var exited = process.WaitForExitAsync(deadline.Token);
        await Task.WhenAny(listening.Task, exited);
        if (listening.Task.IsCompletedSuccessfully)
        {
            Port = await listening.Task;
            return;
        }

        var hasEnded = exited.IsCompletedSuccessfully;
        Kill();
        cancellationToken.ThrowIfCancellationRequested();
        throw hasEnded
            ? new InvalidOperationException(
                $"The server '{_options.Path}' ended with {ExitCode} before it listened. Its start failed. Its last lines: {LastLines()}")
            : new TimeoutException(
                $"The server '{_options.Path}' did not listen within {_options.Deadline.TotalSeconds} s, and was killed. "
                + $"It is expected to write a line that matches '{_options.ReadyLine}' to the console. "
                + $"Keep that log message, or raise the deadline. Its last lines: {LastLines()}");
    }

    private ProcessStartInfo StartInfo()
    {
        var isDll = _options.Path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(isDll ? "dotnet" : _options.Path)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(_options.Path))!,
        };
        if (isDll)
        {
            start.ArgumentList.Add(_options.Path);
        }

        foreach (var argument in _options.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{Port}";
        start.Environment["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information";
        foreach (var (name, value) in _options.Environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private void Take(string? line, TaskCompletionSource<int> listening)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        if (_options.ReadyLine.Match(line) is { Success: true } match)
        {
            listening.TrySetResult(match.Groups[1].Success ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : _options.Port);
        }
    }

    private CancellationTokenSource Deadline(CancellationToken cancellationToken)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(_options.Deadline);
        return source;
    }

    private string LastLines() => string.Join('\n', _output.TakeLast(LinesInMessages));

    private static void KillQuietly(Process process)
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

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int process, int signal);
}
