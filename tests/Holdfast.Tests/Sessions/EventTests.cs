using Holdfast.Testing.Network;
using Holdfast.Testing.Time;

namespace Holdfast.Tests.Sessions;

public class EventTests
{
    [Fact]
    public async Task Events_are_handled_in_the_order_of_their_refs_and_acked_cumulatively()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        for (var i = 0; i < 50; i++)
        {
            await client.ClickAsync("#up");
        }

        await client.AckedAsync(50);
        client.Text("#count").ShouldBe("50");
        var settled = client.Frames.OfType<PatchFrame>().Select(frame => frame.Ref).Where(handled => handled > 0).ToList();
        settled.ShouldBe(settled.Order());
        settled.ShouldBe(settled.Distinct());
        var acks = client.Frames.Select(frame => frame is AckFrame ack ? ack.Ref : frame is PatchFrame patch ? patch.Acked : 0).Where(acked => acked > 0).ToList();
        acks.ShouldBe(acks.Order());
        acks[^1].ShouldBe(50);
        client.Unacked.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_ack_comes_after_the_patch_that_shows_the_event()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        for (var i = 1; i <= 20; i++)
        {
            await client.ClickAsync("#up");
            await client.AckedAsync();
            client.Text("#count").ShouldBe($"{i}");
        }
    }

    [Fact]
    public async Task A_repeated_ref_is_answered_by_the_last_ack_and_not_run_again()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.ClickAsync("#up");
        await client.AckedAsync(2);
        var address = client.AddressOf("#up", "click");
        var acks = client.Frames.OfType<AckFrame>().Count();
        await client.SendEventFrameAsync(1, client.Sequence, address);
        await client.SendEventFrameAsync(2, client.Sequence, address);
        await client.UntilAsync(it => it.Frames.OfType<AckFrame>().Count() >= acks + 2);
        client.Frames.OfType<AckFrame>().TakeLast(2).Select(ack => ack.Ref).ShouldBe([2, 2]);
        client.Text("#count").ShouldBe("2");
    }

    [Fact]
    public async Task A_later_ref_waits_for_the_next_one()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter", options => options with { ObeysWait = false });
        var address = client.AddressOf("#up", "click");
        await client.SendEventFrameAsync(3, 0, address);
        var wait = await client.ReceiveAsync<WaitFrame>();
        (wait.Milliseconds, wait.Ref).ShouldBe((0, 1));
        await client.SendEventFrameAsync(1, 0, address);
        await client.UntilTextAsync("#count", "1");
        await client.SendEventFrameAsync(2, 0, address);
        await client.SendEventFrameAsync(3, 0, address);
        await client.UntilTextAsync("#count", "3");
    }

    [Theory]
    [InlineData(Direction.ToServer, CutKind.Reset)]
    [InlineData(Direction.ToServer, CutKind.Finish)]
    [InlineData(Direction.ToClient, CutKind.Reset)]
    [InlineData(Direction.ToClient, CutKind.Finish)]
    public async Task Events_that_are_sent_again_after_a_cut_connection_apply_once(Direction lost, CutKind kind)
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        for (var round = 0; round < 5; round++)
        {
            await client.ClickAsync("#up");
            world.Proxy.Hold(lost);
            await client.ClickAsync("#up");
            await client.ClickAsync("#up");
            world.Proxy.Cut(kind);
            world.Proxy.Release(lost);
            await client.ClosedAsync();
            await client.ClickAsync("#up");
            await client.RejoinAsync();
            await client.AckedAsync();
            client.Text("#count").ShouldBe($"{(round + 1) * 4}");
        }
    }

    [Fact]
    public async Task A_lost_socket_is_taken_up_by_the_same_instance_and_unmarked_members_are_kept()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/scopes");
        await client.ClickAsync("#all");
        await client.AckedAsync();
        var instance = client.Joined!.Instance;
        var joined = await client.RejoinAsync();
        (joined.Found, joined.Instance).ShouldBe(("recovered", instance));
        joined.Html.ShouldBeNull();
        client.Text("#unmarked").ShouldBe("1");
        await client.ClickAsync("#all");
        await client.UntilTextAsync("#unmarked", "2");
    }

    [Fact]
    public async Task After_the_grace_time_the_page_is_restored_from_what_is_stored()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock };
        await world.StartNodeAsync();
        var client = await world.OpenAsync("/scopes");
        await client.ClickAsync("#all");
        await client.AckedAsync();
        var instance = client.Joined!.Instance;
        await client.DropAsync();
        await Until.SoAsync(() => world.Node.Connections.Count == 0);
        await Until.SoAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(61));
            return world.Node.Pages.Count == 0;
        });
        var joined = await client.JoinAsync();
        joined.Instance.ShouldNotBe(instance);
        joined.Found.ShouldBe("restored");
        (client.Text("#session"), client.Text("#tab"), client.Text("#reconnect"), client.Text("#unmarked")).ShouldBe(("1", "1", "1", "0"));
        client.Text("#found").ShouldBe("Join Restored");
    }

    [Fact]
    public async Task Within_the_grace_time_the_instance_waits()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock };
        await world.StartNodeAsync();
        var client = await world.OpenAsync("/scopes");
        await client.ClickAsync("#all");
        await client.AckedAsync();
        await client.DropAsync();
        await Until.SoAsync(() => world.Node.Connections.Count == 0);
        clock.Advance(TimeSpan.FromSeconds(55));
        (await client.JoinAsync()).Found.ShouldBe("recovered");
        clock.Advance(TimeSpan.FromSeconds(20));
        await client.PingAsync();
        clock.Advance(TimeSpan.FromSeconds(40));
        await client.ClickAsync("#all");
        await client.UntilTextAsync("#unmarked", "2");
    }

    [Fact]
    public async Task A_page_that_is_left_ends_at_once()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        world.Node.Pages.Count.ShouldBe(1);
        await client.LeaveAsync();
        await Until.SoAsync(() => world.Node.Pages.Count == 0 && world.Node.Sessions.Count == 0);
        var joined = await client.JoinAsync();
        joined.Found.ShouldNotBe("recovered");
    }

    [Fact]
    public async Task A_phone_that_slept_is_not_charged_twice()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock };
        await world.StartNodeAsync();
        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        world.Proxy.Hold(Direction.ToClient);
        await client.ClickAsync("#up");
        await Until.SoAsync(() => world.Store.Writes >= 2);
        await client.DropAsync();
        world.Proxy.Cut();
        world.Proxy.Release(Direction.ToClient);
        clock.Advance(TimeSpan.FromMinutes(10));
        await world.CrashAsync();
        client.Unacked.ShouldBe([2]);
        var joined = await client.JoinAsync();
        joined.Next.ShouldBe(3);
        client.Text("#count").ShouldBe("2");
        await client.AckedAsync(2); // It hears of it without a further event.
        await client.ClickAsync("#up");
        await client.AckedAsync(3);
        client.Text("#count").ShouldBe("3");
    }

    [Fact]
    public async Task A_document_that_the_server_does_not_know_any_more_starts_over_with_what_is_stored()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        await client.DropAsync();
        await world.CrashAsync();
        var joined = await client.JoinAsync();
        (joined.Found, joined.Next).ShouldBe(("restored", 2));
        await client.ClickAsync("#up");
        await client.AckedAsync();
        client.Text("#count").ShouldBe("2");
    }

    [Fact]
    public async Task The_old_connection_of_an_instance_is_closed_when_another_takes_it_over()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        var thief = world.Tab(client, client.Tab);
        await thief.GetPageAsync("/counter");
        thief.Document = client.Document;
        var joined = await thief.JoinAsync(join => join["instance"] = client.Joined!.Instance);
        joined.Found.ShouldBe("recovered");
        (await client.ClosedAsync()).ShouldBe(4002);
    }

    [Fact]
    public async Task An_intermediate_render_shows_before_the_handler_ends_and_the_next_event_waits_for_it()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/steps");
        await client.ClickAsync("#go");
        await client.ClickAsync("#up");
        await world.Node.Signals.ReachedAsync("step-1");
        await client.UntilTextAsync("#step", "1");
        client.Acked.ShouldBe(0);
        world.Node.Signals.Set("step-1");
        await client.UntilTextAsync("#step", "2");
        client.Text("#done").ShouldBe("0");
        world.Store.Writes.ShouldBe(0);
        world.Node.Signals.Set("step-2");
        await client.AckedAsync(2);
        client.Text("#done").ShouldBe("11");
    }

    [Fact]
    public async Task An_event_for_an_address_that_is_not_on_the_page_is_stale_and_settled()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        foreach (var address in (string[])["AAAAAA", "AAAAAAAAAAA", "x", "!!!!!!"])
        {
            var sent = await client.SendEventAsync(address);
            await client.AckedAsync(sent);
            client.Errors[^1].ShouldSatisfyAllConditions(error => error.Code.ShouldBe("stale"), error => error.Ref.ShouldBe(sent));
        }

        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "1");
    }

    [Fact]
    public async Task The_empty_event_is_settled_without_a_handler()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.SendEventAsync("", "null");
        await client.AckedAsync(1);
        client.Errors.ShouldBeEmpty();
    }
}
