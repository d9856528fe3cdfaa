using System.Net;
using System.Net.Sockets;
using Holdfast.Testing.Processes;

namespace Holdfast.Testing.Servers;

/// <summary>
/// An S3 server with conditional writes on loopback: Ceph's gateway with one monitor and one disk (Debian's packages <c>radosgw</c>, <c>ceph-mon</c> and <c>ceph-osd</c>).
/// </summary>
/// <remarks>
/// <para>It keeps everything in a folder of its own under the temporary directory, removed with it. Its processes end when it is disposed and when the test process
/// exits; no others are touched. Members are for one caller at a time, but for the kills, which any thread may call.</para>
/// <para>Clients address the bucket by path. Ceph 16.2 wants <c>If-Match</c> without quotes, and may answer 500 where writers race.</para>
/// </remarks>
public sealed class S3Server : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("holdfast-s3-");
    private readonly S3ServerOptions _options;
    private readonly string _id = Guid.NewGuid().ToString();
    private readonly int _monitorPort;
    private CephDaemon? _monitor;
    private CephDaemon? _disk;
    private CephDaemon? _gateway;

    private S3Server(S3ServerOptions options)
    {
        _options = options;
        Port = FreePort.Next();
        do
        {
            _monitorPort = FreePort.Next();
        }
        while (_monitorPort == Port);
    }

    /// <summary>The gateway's port, which stays over restarts.</summary>
    public int Port { get; }

    /// <summary>Its address, for example <c>http://127.0.0.1:9000</c>.</summary>
    public string Endpoint => $"http://127.0.0.1:{Port}";

    /// <summary>The only user's access key.</summary>
    public string AccessKey => "holdfast";

    /// <summary>The only user's secret.</summary>
    public string SecretKey => "holdfast-secret";

    /// <summary>Starts a server; about a second, or some when it is to be durable.</summary>
    /// <exception cref="InvalidOperationException">A part ended instead, or a tool failed; the message has its last lines.</exception>
    /// <exception cref="TimeoutException">It did not listen in time; it is killed.</exception>
    public static async Task<S3Server> StartAsync(S3ServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new S3Server(options ?? new S3ServerOptions());
        try
        {
            await server.CreateAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills the gateway (SIGKILL): clients see their connections reset, and then nothing that listens. Objects stay.</summary>
    public void KillGateway() => _gateway?.Kill();

    /// <summary>Starts the gateway again on the same port.</summary>
    public async Task RestartGatewayAsync(CancellationToken cancellationToken = default)
    {
        KillGateway();
        _gateway = Start("radosgw", "-n", "client.admin");
        await WaitAsync(_gateway, Port, cancellationToken);
    }

    /// <summary>Kills all of it (SIGKILL), as a power cut does. Objects stay where it is durable, and are lost where it is not.</summary>
    public void Kill()
    {
        KillGateway();
        _disk?.Kill();
        _monitor?.Kill();
    }

    /// <summary>Starts all of it again on the same ports.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        Kill();
        await StartMonitorAsync(cancellationToken);
        StartDisk();
        await RestartGatewayAsync(cancellationToken);
    }

    /// <summary>Kills all of it and removes its folder.</summary>
    public ValueTask DisposeAsync()
    {
        Kill();
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private string Folder(string name) => Path.Combine(_folder.FullName, name);

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        WriteConfiguration();
        await RunAsync("monmaptool", cancellationToken, "--create", "--addv", "a", $"[v1:127.0.0.1:{_monitorPort}]", "--fsid", _id, Folder("monmap"));
        await RunAsync("ceph-mon", cancellationToken, "--mkfs", "-i", "a", "--monmap", Folder("monmap"));
        await StartMonitorAsync(cancellationToken);
        var disk = Guid.NewGuid().ToString();
        await RunAsync("ceph", cancellationToken, "osd", "new", disk);
        await RunAsync("ceph-osd", cancellationToken, "-i", "0", "--mkfs", "--osd-uuid", disk);
        StartDisk();
        await RestartGatewayAsync(cancellationToken);
        await RunAsync("radosgw-admin", cancellationToken, "user", "create", "--uid=holdfast", "--display-name=holdfast", $"--access-key={AccessKey}", $"--secret-key={SecretKey}");
    }

    private async Task StartMonitorAsync(CancellationToken cancellationToken)
    {
        _monitor = Start("ceph-mon", "-i", "a");
        await WaitAsync(_monitor, _monitorPort, cancellationToken);
    }

    private void StartDisk() => _disk = Start("ceph-osd", "-i", "0");

    private CephDaemon Start(string program, params string[] arguments) => CephDaemon.Start(program, Folder("ceph.conf"), ["-f", .. arguments]);

    private async Task RunAsync(string program, CancellationToken cancellationToken, params string[] arguments)
    {
        using var tool = CephDaemon.Start(program, Folder("ceph.conf"), arguments);
        using var deadline = Deadline(cancellationToken);
        await tool.WaitForSuccessAsync(deadline.Token);
    }

    /// <summary>Waits until something listens on the port. Asks again and again, as Ceph says nothing when it does.</summary>
    private async Task WaitAsync(CephDaemon daemon, int port, CancellationToken cancellationToken)
    {
        using var deadline = Deadline(cancellationToken);
        try
        {
            while (!await IsListeningAsync(port, deadline.Token))
            {
                if (!daemon.IsRunning)
                {
                    throw daemon.Ended();
                }

                // Beside a young monitor a disk may ask too early, be told 'wrong fsid', and end. Those who run Ceph have it started again.
                if (_disk is { IsRunning: false })
                {
                    StartDisk();
                }

                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
            }
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"'{daemon}' did not listen on port {port} within {_options.Deadline.TotalSeconds} s, and is killed. The machine may be too busy. Its last lines: {daemon.LastLines}", exception);
        }
    }

    private static async Task<bool> IsListeningAsync(int port, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private CancellationTokenSource Deadline(CancellationToken cancellationToken)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(_options.Deadline);
        return source;
    }

    private void WriteConfiguration()
    {
        foreach (var name in (string[])["mon", "osd", "run", "log", "rgw"])
        {
            Directory.CreateDirectory(Folder(name));
        }

        File.WriteAllText(
            Folder("ceph.conf"),
            $"""
            [global]
            fsid = {_id}
            mon host = v1:127.0.0.1:{_monitorPort}
            public addr = 127.0.0.1
            cluster addr = 127.0.0.1
            ms bind ipv6 = false
            # One machine, one test: nobody else, no copies.
            auth cluster required = none
            auth service required = none
            auth client required = none
            keyring = {Folder("keyring")}
            osd pool default size = 1
            osd pool default min size = 1
            osd pool default pg num = 4
            osd pool default pgp num = 4
            osd pool default pg autoscale mode = off
            osd crush chooseleaf type = 0
            mon allow pool size one = true
            mon max pg per osd = 1000
            mon warn on pool no redundancy = false
            # Whatever else is on the machine's disk.
            mon data avail crit = 0
            mon osd full ratio = 0.99
            # It starts, and notices a restart, within a second.
            paxos propose interval = 0.05
            paxos min wait = 0.01
            osd mon heartbeat interval = 5
            osd heartbeat grace = 4
            mon osd min down reporters = 1
            run dir = {Folder("run")}
            log file = {Folder("log")}/$name.log
            mon cluster log file = {Folder("log")}/cluster.log
            admin socket = {Folder("run")}/$name.asok
            pid file = {Folder("run")}/$name.pid
            heartbeat file =
            crash dir = {Folder("log")}
            [mon]
            mon data = {Folder("mon")}
            [osd]
            osd data = {Folder("osd")}
            osd objectstore = {(_options.IsDurable ? "bluestore" : "memstore")}
            memstore device bytes = 4294967296
            bluestore block size = 4294967296
            osd memory target = 939524096
            osd op num shards = 2
            osd class load list = *
            osd class default list = *
            [client]
            # Without it an answer with a body waits 40 ms for the client's delayed ACK.
            rgw frontends = beast endpoint=127.0.0.1:{Port} tcp_nodelay=1
            rgw thread pool size = 64
            rgw run sync thread = false
            rgw enable usage log = false
            rgw enable ops log = false
            rgw data = {Folder("rgw")}

            """);
    }
}
