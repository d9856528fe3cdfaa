namespace Holdfast.Tests.Components;

public class LifecycleTests
{
    [Fact]
    public async Task After_render_runs_live_after_each_render_and_not_for_the_html_of_a_get()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/lifecycle");
        client.Text("#log").ShouldBe("");
        await client.JoinAsync();
        await client.ClickAsync("#again");
        await client.UntilTextAsync("#log", "first later after");
        await client.ClickAsync("#again");
        await client.UntilTextAsync("#log", "first later after after");
    }

    [Fact]
    public async Task Components_are_disposed_when_they_leave_the_page()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/lifecycle");
        await DisposedAsync(world); // With the response.
        await client.JoinAsync();
        await client.ClickAsync("#hide");
        await DisposedAsync(world);
        await client.LeaveAsync();
    }

    [Fact]
    public async Task Components_are_disposed_with_their_page()
    {
        await using var world = await World.StartAsync("--Holdfast:GraceTime=00:00:00");
        var client = world.Browser();
        await client.GetPageAsync("/lifecycle");
        await DisposedAsync(world);
        await client.JoinAsync();
        await client.LeaveAsync();
        await DisposedAsync(world);
    }

    [Fact]
    public async Task A_component_may_refuse_to_render()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/lifecycle");
        await client.ClickAsync("#stubborn-click");
        await client.AckedAsync();
        client.Text("#stubborn").ShouldBe("0");
        await client.ClickAsync("#stubborn-click");
        await client.UntilTextAsync("#stubborn", "2");
    }

    [Fact]
    public async Task An_error_boundary_shows_its_error_undoes_the_event_and_recovers()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/guarded");
        await client.ClickAsync("#fine");
        await client.ClickAsync("#throw");
        await client.UntilAsync(it => it.Shows("#error"));
        client.Text("#error").ShouldBe("thrown");
        client.Errors.ShouldHaveSingleItem().Code.ShouldBe("failed");
        client.Text("#count").ShouldBe("1");
        await client.ClickAsync("#recover");
        await client.AckedAsync();
        client.Shows("#error").ShouldBeFalse();
        await client.ClickAsync("#fine");
        await client.UntilTextAsync("#count", "2");
    }

    [Fact]
    public async Task An_error_boundary_catches_what_a_render_throws()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/guarded");
        var instance = client.Joined!.Instance;
        await client.ClickAsync("#break");
        await client.UntilAsync(it => it.Shows("#error"));
        client.Text("#error").ShouldBe("broken");
        await client.ClickAsync("#recover");
        await client.UntilAsync(it => it.Shows("#fine"));
        await client.ClickAsync("#fine");
        await client.UntilTextAsync("#count", "1");
        client.Joined!.Instance.ShouldBe(instance);
    }

    [Theory]
    [InlineData("", "#visitor", "visitor", "none")]
    [InlineData("?user=ada", "#user", "ada", "none")]
    public async Task Views_show_what_their_user_may_see(string query, string selector, string text, string cascaded)
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/sign-in/" + (query.Length > 0 ? "ada" : ""));
        await client.GetPageAsync("/users");
        client.Text(selector).ShouldBe(text);
        await client.JoinAsync();
        client.Joined!.Html.ShouldBeNull();
        client.Text(selector).ShouldBe(text);
        client.Shows("#admin").ShouldBeFalse();
        client.Text("#cascaded").ShouldBe(cascaded);
    }

    private static async Task DisposedAsync(World world)
    {
        await world.Node.Signals.ReachedAsync("disposed");
        await world.Node.Signals.ReachedAsync("disposed later");
    }
}
