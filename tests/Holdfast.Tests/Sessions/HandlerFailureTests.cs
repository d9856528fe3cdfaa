namespace Holdfast.Tests.Sessions;

public class HandlerFailureTests
{
    [Theory]
    [InlineData("#before", false)]
    [InlineData("#after", true)]
    [InlineData("#caught", false)]
    [InlineData("#caught-after", true)]
    public async Task A_handler_that_throws_fails_its_event_and_undoes_only_its_own_changes(string button, bool waits)
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/throws");
        await client.ClickAsync("#up");
        await client.ClickAsync("#child-up");
        await client.ClickAsync(button);
        await client.ClickAsync("#up");
        if (waits)
        {
            await world.Node.Signals.ReachedAsync("throw");
            world.Node.Signals.Set("throw");
        }

        await client.AckedAsync(4);
        var error = client.Errors.ShouldHaveSingleItem();
        (error.Code, error.Ref).ShouldBe(("failed", 3));
        await client.UntilTextAsync("#count", "2");
        var socket = client.Connection;
        socket.IsOpen.ShouldBeTrue();

        // Not again, after whatever happens.
        await client.RejoinAsync();
        await client.AckedAsync();
        client.Text("#count").ShouldBe("2");
        await client.ReloadAsync();
        client.Text("#count").ShouldBe("2");
        await client.JoinAsync();
        client.Text("#count").ShouldBe("2");
    }

    [Fact]
    public async Task A_view_that_failed_is_mounted_anew_on_the_same_connection()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/throws");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        var first = client.Joined!.Instance;
        await client.ClickAsync("#before");
        await client.UntilAsync(it => it.Joined!.Instance != first);
        await client.AckedAsync(2);
        (client.Text("#count"), client.Text("#unmarked")).ShouldBe(("1", "0"));
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "2");
    }

    [Fact]
    public async Task An_exception_that_a_boundary_catches_shows_its_content_and_the_page_stays()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/throws");
        await client.ClickAsync("#up");
        await client.ClickAsync("#caught");
        await client.UntilTextAsync("#caught-error", "as asked");
        await client.AckedAsync();
        (client.Text("#count"), client.Text("#unmarked")).ShouldBe(("1", "1"));
        await client.ClickAsync("#recover");
        await client.UntilAsync(it => it.Shows("#caught"));
        client.Errors.Single().Code.ShouldBe("failed");
    }

    [Theory]
    [InlineData("throw")]
    [InlineData("throw-later")]
    public async Task An_embedded_view_that_fails_is_replaced_and_nothing_else_notices(string button)
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/embedded");
        var instance = client.Joined!.Instance;
        await client.ClickAsync("#up");
        await client.ClickAsync("#one-up");
        await client.ClickAsync("#two-up");
        await client.ClickAsync($"#one-{button}");
        await client.AckedAsync();
        client.Errors.ShouldHaveSingleItem().Code.ShouldBe("failed");
        await client.UntilTextAsync("#one-count", "0");
        (client.Text("#count"), client.Text("#two-count"), client.Text("#end")).ShouldBe(("1", "1", "the end"));
        client.Joined!.Instance.ShouldBe(instance);
        await client.ClickAsync("#one-up");
        await client.UntilTextAsync("#one-count", "1");
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "2");
    }

    [Fact]
    public async Task An_embedded_view_that_cannot_be_made_leaves_a_note_and_the_rest_of_the_page()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = world.Browser();
        (await client.GetPageAsync("/embedded")).EnsureSuccessStatusCode();
        client.Text("[role=alert]").ShouldBe("This part of the page has failed.");
        client.Text("#end").ShouldBe("the end");
        await client.JoinAsync();
        client.Text("[role=alert]").ShouldBe("This part of the page has failed.");
        await client.ClickAsync("#two-up");
        await client.UntilTextAsync("#two-count", "1");
    }

    [Fact]
    public async Task A_render_that_throws_fails_the_event_and_the_page_comes_back()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/throws");
        await client.ClickAsync("#up");
        await client.ClickAsync("#break");
        await client.AckedAsync();
        client.Errors.ShouldHaveSingleItem().Code.ShouldBe("failed");
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "2");
    }

    [Fact]
    public async Task The_browser_is_not_told_what_was_thrown()
    {
        await using var world = await World.StartAsync("--environment=Production");
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/throws");
        await client.ClickAsync("#before");
        await client.AckedAsync();
        client.Errors.Single().Message.ShouldNotContain("as asked");
        world.Node.Log.Errors.ShouldContain(text => text.Contains("as asked", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Work_that_fails_between_events_mounts_the_view_anew_and_each_joined_is_owed_one_fields()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = world.Browser(options => options with { AnswersJoined = false });
        await client.GetPageAsync("/failing");
        await client.JoinAsync();
        await world.Node.Signals.ReachedAsync("fail");
        world.Node.Signals.Set("fail");
        await client.ReceiveAsync<JoinedFrame>();

        // The answer to the first joined crosses the second: it is neither a protocol error nor the answer to the second.
        await client.SendFieldsAsync();
        await client.SendEventFrameAsync(1, client.Sequence, client.AddressOf("#up", "click"));
        await client.PingAsync();
        client.Text("#count").ShouldBe("0");
        await client.SendFieldsAsync();
        await client.SendEventFrameAsync(1, client.Sequence, client.AddressOf("#up", "click"));
        await client.UntilTextAsync("#count", "1");
        await client.SendFieldsAsync();
        (await client.ClosedAsync()).ShouldBe(1008);
    }

    [Fact]
    public async Task A_page_that_fails_again_and_again_does_not_loop()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/throws");
        for (var i = 0; i < 10; i++)
        {
            await client.ClickAsync("#before");
            await client.AckedAsync();
        }

        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "1");
    }
}
