using System.Text.Json;
using Holdfast.Testing.Clients;

namespace Holdfast.Testing.Tests.Clients;

public sealed class LiveControlsTests
{
    [Theory]
    [InlineData("<input value=\"a\">", "a")]
    [InlineData("<textarea>b</textarea>", "b")]
    [InlineData("<input type=\"checkbox\" checked>", "true")]
    [InlineData("<select><option>x</option><option selected value=\"2\">y</option></select>", "2")]
    [InlineData("<select><option> x  y </option></select>", "x y")]
    [InlineData("<select multiple><option selected>x</option><option selected>y</option></select>", "[\"x\",\"y\"]")]
    public void A_control_shows_what_the_server_gave(string html, string value)
    {
        var page = LiveDocument.Of(html);
        var control = page.Get("input, textarea, select");

        page.Controls.ValueOf(control).ToString().ShouldBe(value);
        page.Controls.IsTouched(control).ShouldBeFalse();
    }

    [Fact]
    public void A_patch_replaces_the_live_value_of_a_control_without_focus()
    {
        var page = LiveDocument.Of("<input value=\"a\">");
        page.Controls.Put(page.Get("input"), "typed");
        page.Controls.Focus(null);

        page.Apply(JsonElement.Parse("""[[0,["a",0,"value","given"]]]"""));

        page.Controls.ValueOf(page.Get("input")).ShouldBe("given");
    }

    [Fact]
    public void A_focused_control_keeps_what_no_event_has_told_until_it_loses_the_focus()
    {
        var page = LiveDocument.Of("<input value=\"a\">");
        var input = page.Get("input");
        page.Controls.Put(input, "typed");

        page.Apply(JsonElement.Parse("""[[0,["a",0,"value","given"]]]"""));

        page.Controls.ValueOf(input).ShouldBe("typed");
        page.Controls.IsTouched(input).ShouldBeTrue();
        page.Controls.Focus(null);
        page.Controls.ValueOf(input).ShouldBe("given");
    }

    [Fact]
    public void A_control_whose_event_is_under_way_never_shows_an_older_value()
    {
        var page = LiveDocument.Of("<input value=\"a\">");
        var input = page.Get("input");
        page.Controls.Put(input, "typed");
        page.Controls.Carried(input, 2);

        page.Apply(JsonElement.Parse("""[[0,["a",0,"value","given"]]]"""), handledRef: 1);
        page.Controls.Focus(null);

        page.Controls.ValueOf(input).ShouldBe("typed");
        input.GetAttribute("value").ShouldBe("given");
    }

    [Fact]
    public void A_focused_control_is_written_by_the_patch_that_handled_its_last_event()
    {
        var page = LiveDocument.Of("<input value=\"a\">");
        var input = page.Get("input");
        page.Controls.Put(input, "typed");
        page.Controls.Carried(input, 2);

        page.Apply(JsonElement.Parse("""[[0,["a",0,"value","given"]]]"""), handledRef: 2);

        page.Controls.ValueOf(input).ShouldBe("given");
    }

    [Fact]
    public void A_radio_button_takes_the_check_from_its_group()
    {
        var page = LiveDocument.Of(
            "<input type=\"radio\" name=\"r\" value=\"1\" checked><input type=\"radio\" name=\"r\" value=\"2\" id=\"two\">");

        page.Controls.Put(page.Get("#two"), true);

        page.Controls.Touched().ShouldBe([page.Get("#two")]);
        page.Controls.PayloadOf(page.Get("#two")).ShouldBe("2");
    }

    [Fact]
    public void A_select_is_set_after_the_other_edits_of_the_patch()
    {
        var page = LiveDocument.Of("<select><option value=\"1\" selected>1</option></select>");

        page.Apply(JsonElement.Parse("""[[0,["a",0,"value","2"],0,["i",1,"<option value=\"2\">2</option>"]]]"""));

        page.Controls.ValueOf(page.Get("select")).ShouldBe("2");
    }
}
