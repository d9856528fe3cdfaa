namespace Holdfast.Tests.Components;

public class BindingTests
{
    [Fact]
    public async Task Every_form_of_bind_takes_what_its_control_sends()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/binds");
        await client.ChangeAsync("#text", "text");
        await client.InputAsync("#live", "live");
        await client.ChangeAsync("#number", "42");
        await client.ChangeAsync("#decimal", "1234.5");
        await client.ChangeAsync("#nullable", "7");
        await client.ChangeAsync("#german", "1,5");
        await client.ChangeAsync("#date", "2027-02-03");
        await client.ChangeAsync("#at", "2027-02-03T05:06");
        await client.ChangeAsync("#month", "2027-05");
        await client.ChangeAsync("#time", "07:08");
        await client.ChangeAsync("#format", "04.03.2027");
        await client.ChangeAsync("#check", true);
        await client.ChangeAsync("#one", "L");
        await client.ChangeAsync("#many", new[] { "a", "c" });
        await client.ChangeAsync("#area", "two\nlines");
        await client.ChangeAsync("#after", "a");
        await client.ChangeAsync("#set", "up");
        await client.AckedAsync();
        client.Errors.ShouldBeEmpty();
        client.Text("#shown").ShouldBe("text|live|42|1234.5|7|1.5|2027-02-03|2027-02-03T05:06|2027-05|07:08|2027-03-04|True|L|a,c|two\nlines|a1|UP");
        client.Value("#set").ShouldBe("UP");
    }

    [Fact]
    public async Task Controls_show_their_values_in_their_own_formats()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/binds");
        client.Attribute("#date", "value").ShouldBe("2026-01-02");
        client.Attribute("#at", "value").ShouldBe("2026-01-02T03:04:00");
        client.Attribute("#month", "value").ShouldBe("2026-01");
        client.Attribute("#time", "value").ShouldBe("03:04:00");
        client.Attribute("#format", "value").ShouldBe("02.01.2026");
        await client.ChangeAsync("#german", "0,25");
        await client.ChangeAsync("#format", "04.03.2027");
        await client.AckedAsync();
        client.Value("#german").ShouldBe("0,25");
        client.Value("#format").ShouldBe("04.03.2027");
    }

    [Theory]
    [InlineData("#number", "4x", "0")]
    [InlineData("#decimal", "much", "0")]
    [InlineData("#german", "abc", "0")]
    [InlineData("#date", "2026-13-40", "2026-01-02")]
    [InlineData("#at", "yesterday", "2026-01-02T03:04:00")]
    [InlineData("#time", "25:00", "03:04:00")]
    [InlineData("#format", "2026-01-02", "02.01.2026")]
    [InlineData("#guid", "none", "00000000-0000-0000-0000-000000000000")]
    public async Task What_cannot_be_read_changes_nothing_and_the_control_shows_the_old_value_again(string control, string typed, string old)
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/binds");
        var shown = client.Text("#shown");
        await client.ChangeAsync(control, typed);
        client.Blur();
        await client.AckedAsync();
        client.Errors.ShouldBeEmpty();
        client.Value(control).ShouldBe(old);
        client.Text("#shown").ShouldBe(shown);
    }
}
