namespace Holdfast.Tests.Components;

public class FormTests
{
    [Fact]
    public async Task Every_input_is_bound()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/edit-form");
        client.Text("#shown").ShouldBe("||30|False|2000-01-01|Large|b|red");
        await client.ChangeAsync("#name", "Ada");
        await client.ChangeAsync("#about", "two\nlines");
        await client.ChangeAsync("#age", "36");
        await client.ChangeAsync("#agrees", true);
        await client.ChangeAsync("#born", "1815-12-10");
        await client.ChangeAsync("#size", "Huge");
        await client.ChangeAsync("#tags", new[] { "a", "c" });
        await client.ChangeAsync("#blue", true);
        await client.AckedAsync();
        client.Errors.ShouldBeEmpty();
        client.Text("#shown").ShouldBe("Ada|two\nlines|36|True|1815-12-10|Huge|a,c|blue");
        await client.SubmitAsync("#form");
        await client.UntilTextAsync("#sent", "valid ");
    }

    [Fact]
    public async Task A_selection_is_shown_whatever_its_options_were_compiled_to()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/edit-form");
        client.Joined!.Html.ShouldBeNull();
        client.Value("#size").ShouldBe("Large");
        client.Value("#tags").ShouldBe("[\"b\"]");
        await client.ChangeAsync("#size", "Huge");
        await client.ChangeAsync("#tags", new[] { "a", "c" });
        await client.AckedAsync();
        await client.GetPageAsync("/edit-form");
        client.Value("#size").ShouldBe("Huge");
        client.Value("#tags").ShouldBe("[\"a\",\"c\"]");
    }

    [Fact]
    public async Task Options_that_come_later_are_selected_where_the_value_waits_for_them()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/choices");
        await client.ClickAsync("#load");
        await client.UntilAsync(it => it.Shows("#late > option"));
        client.Value("#late").ShouldBe("b");
    }

    [Fact]
    public async Task The_handlers_of_a_form_are_the_same_in_every_instance()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/edit-form");
        var address = client.AddressOf("#name", "change");
        await world.CrashAsync();
        await client.RejoinAsync();
        client.AddressOf("#name", "change").ShouldBe(address);
    }

    [Fact]
    public async Task An_invalid_form_says_what_is_wrong_until_it_is_not()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/edit-form");
        await client.ChangeAsync("#age", "12");
        await client.SubmitAsync("#form");
        await client.AckedAsync();
        client.Text("#sent").ShouldBe("invalid ");
        client.Text("#name-message").ShouldBe("A name is needed.");
        client.Text("#age-message").ShouldBe("Between 18 and 99.");
        client.Text(".validation-errors").ShouldContain("A name is needed.");
        client.Attribute("#name", "class").ShouldBe("invalid");
        client.Attribute("#name", "aria-invalid").ShouldBe("true");
        await client.ChangeAsync("#name", "Ada");
        await client.ChangeAsync("#age", "40");
        await client.AckedAsync();
        client.Text("#name-message").ShouldBe("");
        client.Attribute("#name", "class").ShouldBe("modified valid");
        client.Attribute("#name", "aria-invalid").ShouldBeNull();
        client.Shows(".validation-errors").ShouldBeFalse();
        await client.SubmitAsync("#form");
        await client.UntilTextAsync("#sent", "invalid valid ");
    }

    [Fact]
    public async Task What_cannot_be_read_is_an_error_of_its_field_and_stays_to_be_corrected()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/edit-form");
        await client.ChangeAsync("#age", "old");
        await client.AckedAsync();
        client.Text("#age-message").ShouldBe("The Age field must be a number.");
        client.Value("#age").ShouldBe("old");
        client.Text("#shown").ShouldContain("|30|");
        await client.ChangeAsync("#age", "31");
        await client.AckedAsync();
        client.Text("#age-message").ShouldBe("");
        client.Text("#shown").ShouldContain("|31|");
    }

    [Fact]
    public async Task A_restored_model_is_the_forms_own()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/edit-form");
        await client.ChangeAsync("#name", "Ada");
        await client.AckedAsync();
        await world.CrashAsync();
        await client.RejoinAsync();
        client.Value("#name").ShouldBe("Ada");
        await client.ChangeAsync("#age", "77");
        await client.AckedAsync();
        client.Text("#shown").ShouldStartWith("Ada||77|");
        await client.SubmitAsync("#form");
        await client.UntilTextAsync("#sent", "valid ");
    }
}
