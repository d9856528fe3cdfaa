using System.Net;
using System.Net.Sockets;
using Holdfast.Testing.Network;
using Holdfast.Testing.Processes;

namespace Holdfast.Testing.Tests.Network;

public sealed class FaultProxyTests : IAsyncLifetime
{
    private readonly TcpListener _echo = new(IPAddress.Loopback, 0);
    private FaultProxy _proxy = null!;

    private static CancellationToken Deadline => Deadlines.Short;

    public ValueTask InitializeAsync()
    {
        _echo.Start();
        _ = EchoAllAsync(_echo);
        _proxy = FaultProxy.Start(((IPEndPoint)_echo.LocalEndpoint).Port);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _echo.Dispose();
    }

    [Fact]
    public async Task Bytes_are_passed_on_and_counted()
    {
        using var client = await ConnectAsync();

        (await EchoAsync(client, 1)).ShouldBe((byte)1);

        _proxy.BytesToServer.ShouldBe(1);
        _proxy.BytesToClient.ShouldBe(1);
        (await _proxy.ConnectionAsync(0, Deadline)).BytesToServer.ShouldBe(1);
    }

    [Theory]
    [InlineData(Direction.ToServer)]
    [InlineData(Direction.ToClient)]
    public async Task A_held_direction_passes_nothing_on_until_it_is_released(Direction direction)
    {
        using var client = await ConnectAsync();
        _proxy.Hold(direction);

        var echo = EchoAsync(client, 2);
        echo.IsCompleted.ShouldBeFalse();
        _proxy.Release(direction);

        (await echo).ShouldBe((byte)2);
    }

    [Fact]
    public async Task One_connection_is_held_alone()
    {
        using var held = await ConnectAsync();
        using var free = await ConnectAsync();
        var connection = await _proxy.ConnectionAsync(0, Deadline);
        connection.Hold(Direction.ToClient);

        var echo = EchoAsync(held, 3);
        (await EchoAsync(free, 4)).ShouldBe((byte)4);
        connection.BytesToClient.ShouldBe(0);
        connection.Release(Direction.ToClient);

        (await echo).ShouldBe((byte)3);
    }

    [Fact]
    public async Task A_reset_is_an_error_on_the_client()
    {
        using var client = await ConnectAsync();
        await EchoAsync(client, 1);

        _proxy.Cut();

        await Should.ThrowAsync<SocketException>(() => client.Client.ReceiveAsync(new byte[1], Deadline).AsTask());
    }

    [Fact]
    public async Task A_finish_is_the_end_of_the_stream()
    {
        using var client = await ConnectAsync();
        await EchoAsync(client, 1);

        _proxy.Cut(CutKind.Finish);

        (await client.Client.ReceiveAsync(new byte[1], Deadline)).ShouldBe(0);
    }

    [Fact]
    public async Task The_end_of_the_clients_stream_is_passed_on_after_its_bytes()
    {
        using var client = await ConnectAsync();
        await client.Client.SendAsync(new byte[] { 9 }, Deadline);
        client.Client.Shutdown(SocketShutdown.Send);

        (await ReadAsync(client)).ShouldBe((byte)9);
        (await client.Client.ReceiveAsync(new byte[1], Deadline)).ShouldBe(0);
        await (await _proxy.ConnectionAsync(0, Deadline)).Ended.WaitAsync(Deadline);
    }

    [Fact]
    public async Task A_black_hole_takes_bytes_and_loses_them()
    {
        using var client = await ConnectAsync();
        await EchoAsync(client, 1);
        var connection = await _proxy.ConnectionAsync(0, Deadline);
        connection.Drops = true;
        await client.Client.SendAsync(new byte[] { 5 }, Deadline);
        using var other = await ConnectAsync();
        await EchoAsync(other, 1);

        connection.BytesToServer.ShouldBe(1);
    }

    [Fact]
    public async Task Refused_connections_fail_and_are_taken_again_on_the_same_port()
    {
        _proxy.Refuse();
        await Should.ThrowAsync<SocketException>(ConnectAsync);

        _proxy.Accept();

        using var client = await ConnectAsync();
        (await EchoAsync(client, 6)).ShouldBe((byte)6);
    }

    [Fact]
    public async Task A_target_that_is_down_resets_the_connection()
    {
        var target = _proxy.TargetPort;
        _proxy.TargetPort = FreePort.Next();
        await Should.ThrowAsync<SocketException>(async () =>
        {
            using var client = await ConnectAsync();
            await EchoAsync(client, 1);
        });

        _proxy.TargetPort = target;
        using var again = await ConnectAsync();
        (await EchoAsync(again, 7)).ShouldBe((byte)7);
    }

    [Fact]
    public async Task Connections_go_to_one_target_after_another_and_past_one_that_is_down()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        _ = EchoAllAsync(other);
        var (first, down, third) = (_proxy.TargetPort, FreePort.Next(), ((IPEndPoint)other.LocalEndpoint).Port);
        _proxy.TargetPorts = [first, down, third];

        for (var i = 0; i < 6; i++)
        {
            using var client = await ConnectAsync();
            (await EchoAsync(client, 1)).ShouldBe((byte)1);
        }

        _proxy.Connections.Select(connection => connection.TargetPort).ShouldBe([first, third, third, first, third, third]);
    }

    [Fact]
    public async Task A_delay_is_measured_by_the_given_clock()
    {
        var clock = new ManualClock();
        await using var proxy = FaultProxy.Start(_proxy.TargetPort, clock);
        proxy.Delay(Direction.ToServer, TimeSpan.FromMinutes(1));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, proxy.Port, Deadline);

        var echo = EchoAsync(client, 8);
        await clock.TimerCreated.WaitAsync(Deadline);
        echo.IsCompleted.ShouldBeFalse();
        clock.Fire();

        (await echo).ShouldBe((byte)8);
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _proxy.Port, Deadline);
        return client;
    }

    private static async Task<byte> EchoAsync(TcpClient client, byte value)
    {
        await client.Client.SendAsync(new[] { value }, Deadline);
        return await ReadAsync(client);
    }

    private static async Task<byte> ReadAsync(TcpClient client)
    {
        var buffer = new byte[1];
        (await client.Client.ReceiveAsync(buffer, Deadline)).ShouldBe(1);
        return buffer[0];
    }

    private static async Task EchoAllAsync(TcpListener listener)
    {
        while (true)
        {
            var client = await listener.AcceptTcpClientAsync();
            _ = Task.Run(async () =>
            {
                using (client)
                {
                    await client.GetStream().CopyToAsync(client.GetStream());
                }
            });
        }
    }

    /// <summary>A clock with one timer, which fires when it is told to.</summary>
    private sealed class ManualClock : TimeProvider
    {
        private readonly TaskCompletionSource _created = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private (TimerCallback Callback, object? State) _timer;

        public Task TimerCreated => _created.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timer = (callback, state);
            _created.TrySetResult();
            return System.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public void Fire() => _timer.Callback(_timer.State);
    }
}
