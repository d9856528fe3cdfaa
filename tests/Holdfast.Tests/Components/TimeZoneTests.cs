namespace Holdfast.Tests.Components;

public class TimeZoneTests
{
    [Fact]
    public async Task The_browsers_time_zone_comes_as_a_cascading_value_once_it_is_connected()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser(options => options with { TimeZone = "Asia/Tokyo" });
        await client.GetPageAsync("/zone");
        client.Page.Text("#zone").ShouldBe("not known");
        (await client.JoinAsync()).Html.ShouldBeNull(); // It is rendered after the join, or every page would be sent again.
        await client.UntilTextAsync("#zone", "Asia/Tokyo");
        client.Text("#local").ShouldBe("21:00");
    }

    [Fact]
    public async Task A_time_zone_that_nobody_knows_is_none()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/zone", options => options with { TimeZone = "Atlantis/Centre" });
        await client.PingAsync();
        client.Text("#zone").ShouldBe("not known");
    }
}
