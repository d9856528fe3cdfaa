using System.Net;
using Holdfast.Testing.Faults;
using Holdfast.Testing.Time;

namespace Holdfast.Tests.Sessions;

/// <summary>Pages of <see cref="Durability.BeforePatch"/>: what is seen is stored.</summary>
public class DurabilityTests
{
    [Fact]
    public async Task What_an_event_changed_is_seen_when_it_is_stored_and_not_before()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/paying");
        world.Store.HoldWrites();
        await client.ClickAsync("#pay");
        await client.PingAsync();
        client.Text("#paid").ShouldBe("0");
        client.Frames.ShouldNotContain(frame => frame is PatchFrame || frame is HeadFrame);
        world.Store.ReleaseWrites();
        await client.AckedAsync();
        client.Text("#paid").ShouldBe("1"); // Not later than the ack.
        client.Frames.OfType<HeadFrame>().Last().Html.ShouldContain("Paid 1");
    }

    [Fact]
    public async Task Events_are_seen_in_order_each_when_it_is_stored()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/paying");
        for (var round = 0; round < 20; round++)
        {
            world.Store.HoldWrites();
            var shown = client.Text("#paid");
            for (var i = 0; i < 3; i++)
            {
                await client.ClickAsync("#pay");
            }

            await client.PingAsync();
            client.Text("#paid").ShouldBe(shown);
            world.Store.ReleaseWrites();
            await client.AckedAsync();
            client.Text("#paid").ShouldBe($"{(round + 1) * 3}");
        }

        var patches = client.Frames.OfType<PatchFrame>().Select(patch => patch.Sequence).ToArray();
        patches.ShouldBe(Enumerable.Range((int)patches[0], 60).Select(sequence => (long)sequence));
    }

    [Fact]
    public async Task A_later_event_that_is_not_stored_holds_nothing_back_that_is()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/paying");
        world.Store.HoldWrites();
        await client.ClickAsync("#pay"); // Under way, alone: the next goes into the next write.
        await client.ClickAsync("#pay");
        await client.PingAsync();
        world.Store.ReleaseWaitingWrites();
        await client.UntilTextAsync("#paid", "1");
        await client.AckedAsync(1);
        await Until.SoAsync(() => world.Store.Writes == 2);
        await client.PingAsync();
        client.Text("#paid").ShouldBe("1");
        client.Acked.ShouldBe(1);
        world.Store.ReleaseWrites();
        await client.UntilTextAsync("#paid", "2");
        await client.AckedAsync();
    }

    [Fact]
    public async Task While_the_store_fails_nothing_is_seen_and_everything_when_it_is_back()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock };
        await world.StartNodeAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/paying");
        world.Store.FailWrites(WriteFault.BeforeItWasApplied, 1_000);
        for (var i = 0; i < 5; i++)
        {
            await client.ClickAsync("#pay");
        }

        await client.PingAsync();
        client.Text("#paid").ShouldBe("0");
        client.Acked.ShouldBe(0);
        world.Store.Heal();
        await Until.SoAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(6));
            return client.Acked == 5;
        });
        client.Text("#paid").ShouldBe("5");
    }

    [Fact]
    public async Task An_event_that_changed_nothing_stored_is_seen_at_once_unless_something_waits_before_it()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/paying");
        world.Store.HoldWrites();
        await client.ClickAsync("#look");
        await client.UntilTextAsync("#step", "1");
        await client.AckedAsync();
        await client.ClickAsync("#pay");
        await client.ClickAsync("#look");
        await client.PingAsync();
        client.Text("#step").ShouldBe("1");
        world.Store.ReleaseWrites();
        await client.UntilTextAsync("#step", "2");
        client.Text("#paid").ShouldBe("1");
    }

    [Fact]
    public async Task What_a_timer_changed_waits_too()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/paying");
        world.Store.HoldWrites();
        await ChargeAsync(world);
        await client.PingAsync();
        client.Text("#paid").ShouldBe("0");
        world.Store.ReleaseWrites();
        await client.UntilTextAsync("#paid", "1");
    }

    [Fact]
    public async Task A_render_in_between_is_seen_unless_it_shows_a_change()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/paying");
        world.Store.HoldWrites();
        await client.ClickAsync("#slowly");
        await client.UntilTextAsync("#step", "1"); // "Please wait".
        world.Node.Signals.Set("begin");
        await world.Node.Signals.ReachedAsync("end");
        await client.PingAsync();
        client.Text("#step").ShouldBe("1");
        world.Node.Signals.Set("end");
        await Until.SoAsync(() => world.Store.Writes == 1);
        await client.PingAsync();
        client.Text("#step").ShouldBe("1");
        client.Text("#paid").ShouldBe("0");
        world.Store.ReleaseWrites();
        await client.UntilTextAsync("#step", "3");
        client.Text("#paid").ShouldBe("1");
    }

    [Fact]
    public async Task A_join_waits_until_what_the_page_shows_is_stored()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/paying");
        world.Store.HoldWrites();
        await client.ClickAsync("#pay");
        await client.PingAsync();
        await client.DropAsync();
        await client.ConnectAsync();
        await client.SendJoinAsync();
        await client.PingAsync();
        client.Frames.OfType<JoinedFrame>().Count().ShouldBe(1);
        client.Text("#paid").ShouldBe("0");
        world.Store.ReleaseWrites();
        (await client.ReceiveAsync<JoinedFrame>()).Found.ShouldBe("recovered");
        await client.AckedAsync();
        client.Text("#paid").ShouldBe("1");
        await client.ClickAsync("#pay");
        await client.AckedAsync();
        client.Text("#paid").ShouldBe("2");
        client.Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_get_shows_nothing_that_is_not_stored()
    {
        await using var world = await World.StartAsync("--Holdfast:ReadTimeout=00:00:00.2");
        var client = await world.OpenAsync("/paying");
        world.Store.HoldWrites();
        await client.ClickAsync("#pay");
        await client.PingAsync();
        var other = world.Tab(client);
        (await other.GetPageAsync("/paying")).StatusCode.ShouldBe(HttpStatusCode.OK);
        other.Text("#found").ShouldBe("Error");
        other.Text("#paid").ShouldBe("0");
        world.Store.ReleaseWrites();
        await client.AckedAsync();
        await other.GetPageAsync("/paying");
        other.Text("#found").ShouldBe("Restored");
        other.Text("#paid").ShouldBe("1");
        world.ExpectsErrors = true;
    }

    [Fact]
    public async Task A_get_waits_for_the_store()
    {
        await using var world = await World.StartAsync("--Holdfast:ReadTimeout=00:00:20");
        var client = await world.OpenAsync("/paying");
        world.Store.HoldWrites();
        await client.ClickAsync("#pay");
        await client.PingAsync();
        var other = world.Tab(client);
        var get = other.GetPageAsync("/paying");
        world.Store.ReleaseWrites();
        await get;
        other.Text("#paid").ShouldBe("1");
    }

    [Fact]
    public async Task A_post_that_does_nothing_shows_nothing_that_is_not_stored()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock };
        await world.StartNodeAsync();
        var client = await world.OpenAsync("/paying");
        await client.ClickAsync("#pay");
        await client.AckedAsync();
        var form = await world.OpenFormAsync("/paying", client.Cookies);
        var fields = form.FieldsOf("#pay").ConvertAll(field => field.Key.StartsWith("hf:", StringComparison.Ordinal) ? KeyValuePair.Create("hf:click:AAAAAA", field.Value) : field);
        world.Store.HoldWrites();
        await client.ClickAsync("#pay");
        await client.PingAsync();
        var posting = form.PostAsync(fields);
        await Until.SoAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return posting.IsCompleted;
        });
        await posting;
        form.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        world.Store.ReleaseWrites();
        await client.AckedAsync();
        await form.PostAsync(fields);
        form.Status.ShouldBe(HttpStatusCode.Conflict);
        form.Text("#paid").ShouldBe("2");
    }

    [Fact]
    public async Task What_another_tab_changed_is_not_seen_before_it_is_stored()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/paying");
        var other = await world.OpenTabAsync(client);
        world.Store.HoldWrites();
        await client.ClickAsync("#pay");
        await client.PingAsync();
        await other.ClickAsync("#look"); // Takes over what the first tab did.
        await other.PingAsync();
        other.Text("#paid").ShouldBe("0");
        other.Text("#step").ShouldBe("0");
        world.Store.ReleaseWrites();
        await other.UntilTextAsync("#step", "1");
        other.Text("#paid").ShouldBe("1");
    }

    [Fact]
    public async Task What_waits_is_bounded_and_then_the_page_comes_as_a_whole()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/paying");
        world.Store.HoldWrites();
        for (var i = 0; i < 200; i++)
        {
            await ChargeAsync(world);
        }

        await client.PingAsync();
        client.Text("#paid").ShouldBe("0");
        world.Store.ReleaseWrites();
        await client.UntilTextAsync("#paid", "200");
        client.Frames.OfType<PatchFrame>().Count().ShouldBeLessThanOrEqualTo(50);
        client.Frames.OfType<JoinedFrame>().Count().ShouldBe(2);
        await client.ClickAsync("#pay");
        await client.AckedAsync();
        client.Text("#paid").ShouldBe("201");
        client.Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_failed_event_is_told_at_once()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/paying");
        world.Store.HoldWrites();
        await client.ClickAsync("#pay");
        await client.ClickAsync("#fail");
        (await client.ReceiveAsync<ErrorFrame>()).Ref.ShouldBe(2);
        client.Acked.ShouldBe(0);
        world.Store.ReleaseWrites();
    }

    [Fact]
    public async Task A_page_that_breaks_while_something_waits_comes_back_with_it_when_it_is_stored()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/paying");
        world.Store.HoldWrites();
        await client.ClickAsync("#pay");
        await client.ClickAsync("#break");
        (await client.ReceiveAsync<ErrorFrame>()).Ref.ShouldBe(2);
        await Until.SoAsync(() => world.Node.Log.Errors.Count > 0);
        await client.PingAsync();
        client.Text("#paid").ShouldBe("0");
        world.Store.ReleaseWrites();
        await client.UntilTextAsync("#paid", "1");
        await client.AckedAsync();
        await client.ClickAsync("#pay");
        await client.AckedAsync();
        client.Text("#paid").ShouldBe("2");
    }

    [Theory]
    [InlineData("#leave")]
    [InlineData("#clear")]
    public async Task A_navigation_is_not_lost(string button)
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/paying");
        await client.ClickAsync("#pay");
        await client.AckedAsync();
        world.Store.HoldWrites();
        await client.ClickAsync(button);
        await client.PingAsync();
        client.Frames.OfType<NavigateFrame>().Any().ShouldBe(button == "#clear"); // The script leaves a page only when all is acked, or 10 s later.
        world.Store.ReleaseWrites();
        await client.UntilAsync(client => client.Frames.OfType<NavigateFrame>().Any(frame => frame.Url.EndsWith("/plain", StringComparison.Ordinal)));
        await client.AckedAsync();
    }

    [Fact]
    public async Task A_kill_takes_back_nothing_that_was_seen()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/paying");
        await client.ClickAsync("#pay");
        await client.AckedAsync();
        world.Store.HoldWrites();
        await client.ClickAsync("#pay");
        await client.PingAsync();
        client.Text("#paid").ShouldBe("1");
        world.Store.FailWrites(WriteFault.BeforeItWasApplied, 100);
        world.Store.ReleaseWrites();
        await client.DropAsync();
        world.Store.Heal();
        await world.CrashAsync();
        await client.JoinAsync();
        await client.AckedAsync();
        client.Text("#paid").ShouldBe("2"); // It was not acked, and came again.
    }

    [Fact]
    public async Task A_page_without_it_shows_what_is_not_stored_yet()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        world.Store.HoldWrites();
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "1");
        client.Acked.ShouldBe(0);
        world.Store.ReleaseWrites();
        await client.AckedAsync();
    }

    private static async Task ChargeAsync(World world)
    {
        world.Node.Signals.Set("charge");
        await world.Node.Signals.WaitAsync("charged");
    }
}
