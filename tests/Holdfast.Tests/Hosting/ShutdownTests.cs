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
        await world.StartNodeAsync(configureServices: services => Microsoft.Extensions.DependencyInjection.OptionsServiceCollectionExtensions.Configure<Microsoft.Extensions.Hosting.HostOptions>(
            services, options => options.ShutdownTimeout = TimeSpan.FromSeconds(1)));
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/counter");
        world.Store.HoldWrites();
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "1");
        await client.DropAsync();
        await Should.NotThrowAsync(() => world.Node.StopAsync().WaitAsync(TimeSpan.FromSeconds(10)).ContinueWith(_ => { }, TaskScheduler.Default));
        world.Store.Heal();
    }
}
