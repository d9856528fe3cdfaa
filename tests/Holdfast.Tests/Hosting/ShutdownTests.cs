using Holdfast.Security;
using Holdfast.Testing.Time;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Holdfast.Tests.Hosting;

public class ShutdownTests
{
    [Fact]
    public async Task A_server_that_stops_says_so_and_has_everything_written()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        world.Store.HoldWrites();
        for (var i = 0; i < 5; i++)
        {
            await client.ClickAsync("#up");
        }

        await client.UntilTextAsync("#count", "5");
        var stopping = world.Node.StopAsync();
        var goAway = await client.ReceiveAsync<GoAwayFrame>();
        (goAway.Reason, goAway.Milliseconds).ShouldBe(("shutdown", 1000));
        (await client.ClosedAsync()).ShouldBe(1001);
        stopping.IsCompleted.ShouldBeFalse();
        world.Store.ReleaseWrites();
        await stopping;
        await world.StartNodeAsync();
        var joined = await client.JoinAsync();
        joined.Found.ShouldBe("restored");
        client.Text("#count").ShouldBe("5");
        await client.AckedAsync();
    }

    [Fact]
    public async Task A_server_that_stops_takes_no_more_sockets()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        world.Node.Connections.Drain();
        (await client.ReceiveAsync<GoAwayFrame>()).Reason.ShouldBe("shutdown");
        (await client.ClosedAsync()).ShouldBe(1001);
        var refused = await Should.ThrowAsync<SocketRefusedException>(() => client.ConnectAsync());
        (refused.Status, refused.RetryAfter).ShouldBe((System.Net.HttpStatusCode.ServiceUnavailable, "2"));
        (await client.Http.GetAsync("/_holdfast")).StatusCode.ShouldBe(System.Net.HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task A_store_that_does_not_come_back_does_not_hold_the_process()
    {
        await using var world = new World();
        await world.StartNodeAsync(configureServices: services => services.Configure<HostOptions>(
            options => options.ShutdownTimeout = TimeSpan.FromSeconds(1)));
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/counter");
        world.Store.HoldWrites();
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "1");
        await client.DropAsync();
        await Should.NotThrowAsync(() => world.Node.StopAsync().WaitAsync(TimeSpan.FromSeconds(10)).ContinueWith(_ => { }, TaskScheduler.Default));
        world.Node.Log.Errors.ShouldContain(error => error.Contains("with 1 of 1 changed sessions not stored"));
        world.Store.Heal();
    }

    [Fact]
    public async Task A_session_whose_store_hangs_is_given_up_and_the_others_have_the_time_that_they_need()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock, Arguments = ["--Holdfast:GraceTime=00:00:00"] };
        var signals = new StopSignals();
        signals.GoOn.SetResult();
        await world.StartNodeAsync(configureServices: services => services.AddSingleton<IHostedService>(signals));
        world.ExpectsErrors = true;
        var keys = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            var client = await world.OpenAsync("/counter");
            await client.ClickAsync("#up");
            await client.AckedAsync();
            keys.Add((await KeysAsync(world)).Except(keys).Single());
            world.Store.HoldWrites(keys[i]);
            await client.ClickAsync("#up");
            await client.UntilTextAsync("#count", "2");
            await client.DropAsync();
        }

        var stopping = world.Node.StopAsync();
        await signals.Stopped;

        // Each of the slow ones is written well after the one before, and together they take longer than the patience with any one of them.
        foreach (var key in keys[1..])
        {
            for (var i = 0; i < 70; i++)
            {
                clock.Advance(TimeSpan.FromSeconds(0.1));
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            var unwritten = world.Node.Sessions.Count;
            world.Store.ReleaseWrites(key);
            await Until.SoAsync(() => world.Node.Sessions.Count == unwritten - 1);
        }

        await Until.SoAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(0.5));
            return stopping.IsCompleted;
        });
        var error = world.Node.Log.Errors.ShouldHaveSingleItem();
        error.ShouldContain("with 1 of 4 changed sessions not stored");
        keys.ShouldAllBe(key => !error.Contains(key));
        world.Store.Heal();
    }

    private static async Task<List<string>> KeysAsync(World world)
    {
        var keys = new List<string>();
        await foreach (var key in world.Store.ListAsync(TestContext.Current.CancellationToken))
        {
            keys.Add(key);
        }

        keys.Remove(StorageKeys.Record);
        return keys;
    }
}
