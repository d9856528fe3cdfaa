using System.Net;

namespace Holdfast.Tests.Docs;

/// <summary>That the pages in the guides do what the guides say of them.</summary>
public class GuidePageTests
{
    [Fact]
    public async Task The_basket_and_the_half_typed_line_survive_the_server()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/basket");
        await client.InputAsync("input", "rope");
        await client.SubmitAsync("form");
        await client.InputAsync("input", "tar");
        await client.AckedAsync();

        await world.CrashAsync();
        await client.RejoinAsync();

        client.Text("li").ShouldStartWith("rope");
        client.Value("input").ShouldBe("tar");
    }

    [Fact]
    public async Task A_booking_keeps_its_draft_and_focuses_its_first_fault()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/booking");
        await client.ChangeAsync("#boat", "Selkie");
        await client.ChangeAsync("#nights", "99");
        await client.SubmitAsync("form");
        await client.AckedAsync();
        client.Text("#nights-error").ShouldBe("Stay for 1 to 30 nights.");
        client.Attribute("#nights", "autofocus").ShouldBe("1");

        await world.CrashAsync();
        await client.RejoinAsync();
        client.Value("#boat").ShouldBe("Selkie");
        await client.ChangeAsync("#nights", "3");
        await client.SubmitAsync("form");
        await client.AckedAsync();
        client.Text("[role=status]").ShouldBe("A berth is kept for Selkie.");
        client.Value("#boat").ShouldBe("");
    }

    [Fact]
    public async Task A_booking_is_made_without_script()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/booking");
        client.Fill("#nights", "99");
        await client.PressAsync("button:not([hidden])");
        client.Status.ShouldBe(HttpStatusCode.OK);
        client.Text("#boat-error").ShouldBe("Enter the boat's name.");
        client.Get("#boat").HasAttribute("autofocus").ShouldBeTrue();
        client.Fill("#boat", "Selkie");
        client.Fill("#nights", "3");
        await client.PressAsync("button:not([hidden])");
        client.Text("[role=status]").ShouldBe("A berth is kept for Selkie.");
    }
}
