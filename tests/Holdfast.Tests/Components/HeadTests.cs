namespace Holdfast.Tests.Components;

public class HeadTests
{
    [Fact]
    public async Task The_title_is_in_the_first_paint_and_changes_with_the_page()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/head");
        client.Page.Document.Title.ShouldBe("Fish & chips: 0");
        client.Frames.OfType<HeadFrame>().ShouldBeEmpty();
        await client.ClickAsync("#up");
        await client.UntilAsync(it => it.Page.Document.Title == "Fish & chips: 1");
    }

    [Fact]
    public async Task What_else_a_page_puts_into_the_head_comes_changes_and_goes()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/head");
        await client.ClickAsync("#up");
        await client.ClickAsync("#up");
        await client.UntilAsync(it => it.Page.Head!.Contains("<meta name=\"count\" content=\"2\">"));
        client.Page.Document.QuerySelector("head > link[rel=canonical]")!.GetAttribute("href").ShouldBe("/head?count=2");
        await client.GetPageAsync("/head");
        client.Page.Head!.Replace("\n        ", "").ShouldBe("<title>Fish &amp; chips: 2</title><meta name=\"count\" content=\"2\"><link rel=\"canonical\" href=\"/head?count=2\">");
    }

    [Fact]
    public async Task A_document_that_shows_another_head_is_told_at_its_join()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/head");
        var other = world.Tab(client);
        await other.GetPageAsync("/head");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        other.Page.Document.Title.ShouldBe("Fish & chips: 0");
        await other.JoinAsync();
        other.Page.Document.Title.ShouldBe("Fish & chips: 1");
        await world.CrashAsync();
        (await client.RejoinAsync()).Head.ShouldBe("<title>Fish &amp; chips: 1</title>");
    }

    [Fact]
    public async Task A_handler_that_awaits_shows_its_titles_on_the_way()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/head");
        await client.ClickAsync("#slow");
        await client.UntilAsync(it => it.Page.Document.Title == "Fish & chips: 51");
    }

    [Fact]
    public async Task A_title_that_comes_late_and_goes_gives_way_to_the_shells()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/late-head");
        client.Joined!.Head.ShouldBeNull();
        client.Page.Document.Title.ShouldBe("Holdfast tests");
        await client.ClickAsync("#show");
        await client.UntilAsync(it => it.Page.Document.Title == "Late");
        await client.ClickAsync("#show");
        await client.UntilAsync(it => it.Page.Document.Title == "Holdfast tests");
    }

    [Fact]
    public async Task A_page_that_puts_nothing_there_sends_nothing()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        client.Frames.OfType<HeadFrame>().ShouldBeEmpty();
        client.Joined!.Head.ShouldBeNull();
    }
}
