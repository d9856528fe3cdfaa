using System.Net;
using System.Net.Sockets;

namespace Holdfast.Testing.Network;

/// <summary>
/// A TCP proxy on loopback that fails as networks do: it delays, holds, loses and cuts, when a test says so.
/// </summary>
/// <remarks>What is set here is for all connections, also those to come; each <see cref="ProxiedConnection"/> can be
/// treated alone. Any thread may call any member. Disposing cuts everything.</remarks>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<ProxiedConnection> _connections = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Gate[] _held = [new(), new()];
    private readonly TimeSpan[] _delays = new TimeSpan[2];
    private readonly TimeProvider _time;
    private TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;
    private long _bytesToServer;
    private long _bytesToClient;
    private volatile IReadOnlyList<int> _targetPorts;
    private uint _forwarded;
    private volatile bool _drops;

    private FaultProxy(int targetPort, TimeProvider time)
    {
        _targetPorts = [targetPort];
        _time = time;
        Listen();
    }

    /// <summary>The port that it listens on.</summary>
    public int Port { get; private set; }

    /// <summary>Where it forwards to; another value is for connections to come.</summary>
    public int TargetPort
    {
        get => _targetPorts[0];
        set => _targetPorts = [value];
    }

    /// <summary>Where it forwards to, as a load balancer without affinity: each connection goes to the next of these ports, and from one on which nothing
    /// listens to the one after. Another value is for connections to come.</summary>
    public IReadOnlyList<int> TargetPorts
    {
        get => _targetPorts;
        set => _targetPorts = value is { Count: > 0 } ? [.. value]
            : throw new ArgumentException("No port is given. A proxy forwards to at least one. Name it, or call 'Refuse' to take no connections.", nameof(value));
    }

    /// <summary>Whether all bytes are taken and lost, both ways, without a sign: a black hole. Ends for all bytes that
    /// come after it is set back.</summary>
    public bool Drops
    {
        get => _drops;
        set => _drops = value;
    }

    /// <summary>All connections so far, in the order of their arrival, ended ones too.</summary>
    public IReadOnlyList<ProxiedConnection> Connections
    {
        get
        {
            lock (_gate)
            {
                return [.. _connections];
            }
        }
    }

    /// <summary>How many bytes were passed on to servers.</summary>
    public long BytesToServer => Interlocked.Read(ref _bytesToServer);

    /// <summary>How many bytes were passed on to clients.</summary>
    public long BytesToClient => Interlocked.Read(ref _bytesToClient);

    /// <summary>Starts a proxy on a free port.</summary>
    /// <param name="targetPort">The loopback port to forward to.</param>
    /// <param name="time">The clock of the delays.</param>
    public static FaultProxy Start(int targetPort, TimeProvider? time = null) => new(targetPort, time ?? TimeProvider.System);

    /// <summary>Passes each byte on only after this time, in order; <see cref="TimeSpan.Zero"/> ends it.</summary>
    public void Delay(Direction direction, TimeSpan delay) => _delays[(int)direction] = delay;

    /// <summary>Passes nothing on in this direction until <see cref="Release"/>; what comes meanwhile is kept.</summary>
    public void Hold(Direction direction) => _held[(int)direction].Close();

    /// <summary>Passes on again, first what was kept.</summary>
    public void Release(Direction direction) => _held[(int)direction].Open();

    /// <summary>Cuts all connections; what was kept is lost.</summary>
    public void Cut(CutKind kind = CutKind.Reset)
    {
        foreach (var connection in Connections)
        {
            connection.Cut(kind);
        }
    }

    /// <summary>Refuses new connections, as a host does on which nothing listens. Those that exist go on.</summary>
    public void Refuse()
    {
        lock (_gate)
        {
            _listener?.Dispose();
            _listener = null;
        }
    }

    /// <summary>Takes connections again, on the same port.</summary>
    public void Accept()
    {
        lock (_gate)
        {
            if (_listener is null)
            {
                Listen();
            }
        }
    }

    /// <summary>The connection number <paramref name="index"/> (from 0), as soon as it was made.</summary>
    public async Task<ProxiedConnection> ConnectionAsync(int index, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task arrived;
            lock (_gate)
            {
                if (index < _connections.Count)
                {
                    return _connections[index];
                }

                arrived = _arrived.Task;
            }

            await arrived.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Refuse();
        await _accepting;
        foreach (var connection in Connections)
        {
            await connection.DisposeAsync();
        }

        _stop.Dispose();
    }

    internal TimeSpan DelayOf(Direction direction) => _delays[(int)direction];

    internal DateTimeOffset Now => _time.GetUtcNow();

    internal Task WaitAsync(TimeSpan delay, CancellationToken cancellationToken) => Task.Delay(delay, _time, cancellationToken);

    internal ValueTask PassAsync(Direction direction, CancellationToken cancellationToken) =>
        _held[(int)direction].PassAsync(cancellationToken);

    internal void Count(Direction direction, int bytes) =>
        Interlocked.Add(ref direction == Direction.ToServer ? ref _bytesToServer : ref _bytesToClient, bytes);

    private void Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        listener.Listen();
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        _listener = listener;
        _accepting = AcceptAllAsync(listener);
    }

    private async Task AcceptAllAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptAsync(_stop.Token);
                _ = ForwardAsync(client);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The listener was closed.
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        if (await ConnectToNextAsync() is not var (server, port))
        {
            client.LingerState = new LingerOption(true, 0);
            client.Dispose();
            return;
        }

        lock (_gate)
        {
            _connections.Add(new ProxiedConnection(this, client, server, port));
            _arrived.TrySetResult();
            _arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private async Task<(Socket Server, int Port)?> ConnectToNextAsync()
    {
        var ports = _targetPorts;
        var first = Interlocked.Increment(ref _forwarded) - 1;
        for (var i = 0u; i < ports.Count; i++)
        {
            var port = ports[(int)((first + i) % ports.Count)];
            var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, port, _stop.Token);
                return (server, port);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                server.Dispose();
            }
        }

        return null;
    }
}
