using System.Diagnostics;
using System.Net;
using Holdfast.Testing.Faults;
using Holdfast.Testing.Time;

namespace Holdfast.Tests.Sessions;

public class StoreFailureTests
{
    [Fact]
    public async Task While_writes_fail_the_page_serves_and_acks_come_when_the_store_is_back()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock };
        await world.StartNodeAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/counter");
        world.Store.FailWrites(WriteFault.BeforeItWasApplied, 1_000);
        for (var i = 1; i <= 5; i++)
        {
            await client.ClickAsync("#up");
            await client.UntilTextAsync("#count", $"{i}");
        }

        client.Acked.ShouldBe(0);
        world.Store.Heal();
        await Until.SoAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(6));
            return client.Acked == 5;
        });
        await client.GetPageAsync("/counter");
        client.Text("#count").ShouldBe("5");
    }

    [Fact]
    public async Task A_server_that_dies_while_writes_fail_loses_only_what_was_not_acked_and_it_comes_again()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        world.Store.HoldWrites();
        await client.ClickAsync("#up");
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "3");
        world.Store.FailWrites(WriteFault.BeforeItWasApplied, 100);
        world.Store.ReleaseWrites();
        await client.DropAsync();
        world.Store.Heal();
        await world.CrashAsync();
        await client.JoinAsync();
        await client.AckedAsync();
        client.Text("#count").ShouldBe("3");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_lost_answer_to_a_write_neither_loses_nor_doubles(int answers)
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        for (var round = 0; round < 4; round++)
        {
            world.Store.FailWrites(WriteFault.AfterItWasApplied, answers);
            for (var i = 0; i < 5; i++)
            {
                await client.ClickAsync("#up");
            }

            await client.AckedAsync();
        }

        client.Text("#count").ShouldBe("21");
        await world.CrashAsync();
        await client.RejoinAsync();
        client.Text("#count").ShouldBe("21");
        client.Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_get_shows_the_page_with_an_error_when_reads_fail()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/scopes");
        await client.ClickAsync("#all");
        await client.AckedAsync();
        await client.LeaveAsync();
        await Until.SoAsync(() => world.Node.Sessions.Count == 0);
        world.Store.FailReads();
        (await client.GetPageAsync("/scopes")).StatusCode.ShouldBe(HttpStatusCode.OK);
        client.Text("#found").ShouldBe("FirstPaint Error");
        world.Store.Heal();
        await client.GetPageAsync("/scopes");
        client.Text("#found").ShouldBe("FirstPaint Restored");
    }

    [Fact]
    public async Task A_get_waits_for_a_store_no_longer_than_the_read_timeout()
    {
        await using var world = await World.StartAsync("--Holdfast:ReadTimeout=00:00:00.2");
        world.ExpectsErrors = true;
        var client = world.Browser();
        await client.GetPageAsync("/scopes"); // A new browser's session cannot be in the store: nothing is read for it.
        client.Text("#found").ShouldBe("FirstPaint New");
        world.Store.HoldReads();
        var started = Stopwatch.GetTimestamp();
        (await client.GetPageAsync("/scopes")).StatusCode.ShouldBe(HttpStatusCode.OK);
        client.Text("#found").ShouldBe("FirstPaint Error");
        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(5));
        world.Store.Heal();
    }

    [Fact]
    public async Task A_join_never_works_on_defaults_that_stand_for_unread_state()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/counter");
        for (var i = 0; i < 3; i++)
        {
            await client.ClickAsync("#up");
        }

        await client.AckedAsync();
        await client.DropAsync();
        await world.CrashAsync();
        world.Store.FailReads();
        await client.ConnectAsync();
        await client.SendJoinAsync();
        (await client.ReceiveAsync<ErrorFrame>()).Ref.ShouldBe(0);
        (await client.ClosedAsync()).ShouldBe(1013);
        client.Frames.OfType<JoinedFrame>().Count().ShouldBe(1);
        await client.ClickAsync("#up");
        world.Store.Heal();
        await client.RejoinAsync();
        await client.AckedAsync();
        client.Text("#count").ShouldBe("4");
    }

    [Fact]
    public async Task A_join_waits_for_a_store_that_is_slow()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/counter");
        var reads = world.Store.Reads;
        world.Store.HoldReads();
        var join = client.JoinAsync();
        await Until.SoAsync(() => world.Store.Reads > reads);
        join.IsCompleted.ShouldBeFalse();
        world.Store.ReleaseReads();
        await join;
        await client.ClickAsync("#up");
        await client.AckedAsync();
    }

    [Fact]
    public async Task A_store_that_acknowledges_before_it_writes_is_found_out()
    {
        await using var world = await World.StartAsync();
        world.Store.AcknowledgesEarly = true;
        var client = await world.OpenAsync("/counter");
        var clicks = 0;
        for (; clicks < 20; clicks++)
        {
            await client.ClickAsync("#up");
            await client.AckedAsync();
        }

        await client.DropAsync();
        world.Store.Crash().ShouldBe(1);
        await world.CrashAsync();
        await client.JoinAsync();

        // The check of KillTests: what was acked is there. With this store it is not.
        client.Text("#count").ShouldNotBe($"{clicks}");
    }
}
