using System.Net;
using System.Net.WebSockets;
using Holdfast.Testing.Network;
using Holdfast.Testing.Time;

namespace Holdfast.Tests.Connections;

public class LimitTests
{
    [Fact]
    public async Task There_are_never_more_connections_than_may_be()
    {
        await using var world = await World.StartAsync("--Holdfast:MaxConnections=20");
        var most = 0;
        var (taken, refused) = (0, 0);
        var sockets = new System.Collections.Concurrent.ConcurrentBag<ClientWebSocket>();
        var all = Enumerable.Range(0, 200).Select(async _ =>
        {
            var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            sockets.Add(socket);
            try
            {
                await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{world.Node.Port}/_holdfast"), TestContext.Current.CancellationToken);
                Interlocked.Increment(ref taken);
            }
            catch (WebSocketException)
            {
                socket.HttpStatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
                Interlocked.Increment(ref refused);
            }

            InterlockedMax(ref most, world.Node.Connections.Count);
        });
        await Task.WhenAll(all);
        (taken, refused).ShouldBe((20, 180));
        most.ShouldBeLessThanOrEqualTo(20 + 0);
        var client = world.Browser();
        var inquiry = await client.Http.GetAsync("/_holdfast");
        (inquiry.StatusCode, inquiry.Headers.RetryAfter!.ToString()).ShouldBe((HttpStatusCode.ServiceUnavailable, "2"));
        foreach (var socket in sockets)
        {
            socket.Abort();
            socket.Dispose();
        }

        await Until.SoAsync(() => world.Node.Connections.Count == 0);
        (await client.Http.GetAsync("/_holdfast")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await client.GetPageAsync("/counter");
        await client.JoinAsync();
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task A_frame_may_have_as_many_bytes_as_may_be_and_not_one_more(int over, bool isTaken)
    {
        await using var world = await World.StartAsync("--Holdfast:MaxFrameBytes=2048");
        var client = await world.OpenAsync("/counter");
        var frame = "[\"ping\",\"" + new string('x', 2048 + over - 11) + "\"]";
        frame.Length.ShouldBe(2048 + over);
        await client.SendRawAsync(frame);
        if (isTaken)
        {
            await client.ReceiveAsync<PongFrame>();
            return;
        }

        (await client.ReceiveAsync<ErrorFrame>()).Code.ShouldBe("too-big");
        (await client.ClosedAsync()).ShouldBe(1009);
        await client.RejoinAsync();
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "1");
    }

    [Fact]
    public async Task A_silent_connection_is_dead_after_a_while()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock };
        await world.StartNodeAsync();
        var client = await world.OpenAsync("/counter", options => options with { KeepsAlive = false });
        clock.Advance(TimeSpan.FromSeconds(40));
        await client.PingAsync();
        clock.Advance(TimeSpan.FromSeconds(40));
        await client.PingAsync();
        clock.Advance(TimeSpan.FromSeconds(47));
        await client.ClosedAsync();
        await Until.SoAsync(() => world.Node.Connections.Count == 0);
        (await client.RejoinAsync()).Found.ShouldBe("recovered");
    }

    [Fact]
    public async Task A_socket_that_never_joins_is_closed()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock };
        await world.StartNodeAsync();
        var client = world.Browser();
        await client.GetPageAsync("/counter");
        var timers = clock.WaitingTimers;
        await client.ConnectAsync();
        await clock.WaitForTimersAsync(timers + 1);
        clock.Advance(TimeSpan.FromSeconds(11));
        await client.ClosedAsync();
        await Until.SoAsync(() => world.Node.Connections.Count == 0);
    }

    [Fact]
    public async Task A_client_that_reads_nothing_is_not_rendered_for_and_gets_the_page_as_a_whole_when_it_reads_again()
    {
        await using var world = await World.StartAsync("--Holdfast:SendBufferSize=4");
        var client = await world.OpenAsync("/flood", options => options with { KeepsAlive = false });
        world.Proxy.Hold(Direction.ToClient);
        client.Connection.Pause();
        for (var i = 0; i < 95; i++)
        {
            await client.ClickAsync("#pour");
        }

        var sent = client.Connection.BytesSent;
        await Until.SoAsync(() => world.Proxy.Connections[^1].BytesToServer > sent); // All clicks are at the server.
        world.Proxy.Release(Direction.ToClient);
        client.Connection.Resume();
        await client.UntilAsync(it => it.Frames.OfType<JoinedFrame>().Count() > 1);
        await client.UntilAsync(it => it.Acked == 95);
        await client.UntilTextAsync("#poured", "95");
        client.Frames.OfType<PatchFrame>().Count().ShouldBeLessThan(95);
        await client.ClickAsync("#pour");
        await client.UntilTextAsync("#poured", "96");
        client.Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_client_that_drains_nothing_is_disconnected_and_finds_its_state()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock, Arguments = ["--Holdfast:SendBufferSize=4", "--Holdfast:DeadAfter=01:00:00"] };
        await world.StartNodeAsync();
        var client = await world.OpenAsync("/flood", options => options with { KeepsAlive = false });
        world.Proxy.Hold(Direction.ToClient);
        client.Connection.Pause();
        for (var i = 0; i < 6; i++)
        {
            await client.ClickAsync("#deluge"); // One of them is more than all buffers on the way hold.
        }

        await Until.SoAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return world.Node.Connections.Count == 0;
        });
        world.Proxy.Cut();
        world.Proxy.Release(Direction.ToClient);
        client.Connection.Resume();
        (await client.RejoinAsync()).Found.ShouldBe("recovered");
        await client.AckedAsync();
        client.Text("#poured").ShouldBe("6");
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }
}
