using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;

namespace Holdfast.Testing.Servers;

/// <summary>One process of Ceph, a daemon or a tool. Owns it: it is killed when this is disposed and when the test process exits.</summary>
internal sealed class CephDaemon : IDisposable
{
    private const int KeptLines = 20;

    private static readonly ConcurrentDictionary<CephDaemon, bool> s_running = new();

    private readonly Process _process;
    private readonly string _command;
    private readonly ConcurrentQueue<string> _output = new();

    static CephDaemon() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var daemon in s_running.Keys)
        {
            daemon.Kill();
        }
    };

    private CephDaemon(Process process, string command) => (_process, _command) = (process, command);

    public bool IsRunning => !_process.HasExited;

    public string LastLines => string.Join('\n', _output);

    public static CephDaemon Start(string program, string configuration, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["CEPH_CONF"] = configuration } };
        var daemon = new CephDaemon(new Process { StartInfo = start }, $"{program} {string.Join(' ', arguments)}");
        daemon._process.OutputDataReceived += daemon.Take;
        daemon._process.ErrorDataReceived += daemon.Take;
        try
        {
            daemon._process.Start();
        }
        catch (Win32Exception exception)
        {
            throw new InvalidOperationException($"'{program}' could not be started: {exception.Message}. It is one of Ceph's programs. Run: apt install radosgw ceph-mon ceph-osd", exception);
        }

        s_running[daemon] = true;
        daemon._process.BeginOutputReadLine();
        daemon._process.BeginErrorReadLine();
        return daemon;
    }

    public async Task WaitForSuccessAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        if (_process.ExitCode != 0)
        {
            throw Ended();
        }
    }

    public InvalidOperationException Ended(Exception? cause = null) =>
        new($"'{_command}' ended with {_process.ExitCode}. The server cannot do without it. Its last lines: {LastLines}", cause);

    /// <summary>SIGKILL. Returns when it is gone.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
            _process.WaitForExit();
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            // It has ended by itself.
        }

        s_running.TryRemove(this, out _);
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    public override string ToString() => _command;

    private void Take(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
        {
            return;
        }

        _output.Enqueue(line.Data);
        while (_output.Count > KeptLines)
        {
            _output.TryDequeue(out _);
        }
    }
}
