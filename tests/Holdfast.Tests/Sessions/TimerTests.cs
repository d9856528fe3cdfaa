namespace Holdfast.Tests.Sessions;

public class TimerTests
{
    [Fact]
    public async Task What_a_timer_changes_between_events_is_shown_and_stored()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/ticking");
        await TickAsync(world);
        await TickAsync(world);
        await client.UntilTextAsync("#ticks", "2");
        await Until.SoAsync(() => world.Store.Writes > 0);
        await world.CrashAsync();
        await client.RejoinAsync();
        client.Text("#ticks").ShouldBe("2");
        await TickAsync(world);
        await client.UntilTextAsync("#ticks", "3");
    }

    [Fact]
    public async Task A_timer_that_works_without_a_connection_is_stored_all_the_same()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/ticking");
        await client.DropAsync();
        await TickAsync(world);
        await Until.SoAsync(() => world.Store.Writes > 0);
        await client.JoinAsync();
        client.Text("#ticks").ShouldBe("1");
    }

    [Fact]
    public async Task A_timers_work_never_runs_inside_a_handler_that_awaits()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/ticking");
        await client.ClickAsync("#slow");
        await world.Node.Signals.ReachedAsync("slow");
        world.Node.Signals.Set("tick");
        await client.PingAsync();
        world.Node.Signals.Set("slow");
        await world.Node.Signals.WaitAsync("ticked");
        await client.UntilTextAsync("#log", "begin end tick");
    }

    [Fact]
    public async Task A_handlers_own_task_may_come_back_to_the_dispatcher_without_a_deadlock()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/ticking");
        await client.ClickAsync("#own");
        await client.AckedAsync();
        await client.UntilTextAsync("#log", "own done");
    }

    [Fact]
    public async Task A_page_that_ends_ends_its_work()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/ticking");
        await world.Node.Signals.ReachedAsync("tick");
        await client.LeaveAsync();
        await Until.SoAsync(() => world.Node.Sessions.Count == 0);
        world.Node.Signals.Set("tick");
        world.Store.Writes.ShouldBe(0);
    }

    private static async Task TickAsync(World world)
    {
        world.Node.Signals.Set("tick");
        await world.Node.Signals.WaitAsync("ticked");
    }
}
