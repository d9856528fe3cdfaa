using System.Text.RegularExpressions;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>That what a person does reaches its handler, and what the handler did is what the page shows.</summary>
public sealed class EventTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    [Fact]
    public async Task Keys_and_focus_reach_their_handlers_with_their_properties()
    {
        await OpenAsync("keys");

        await Page.FocusAsync("#box");
        await Page.Keyboard.PressAsync("a");
        await Page.Keyboard.PressAsync("Shift+B");
        await Page.Keyboard.PressAsync("Enter");
        await Page.Keyboard.PressAsync("Tab");

        await Page.ShowsAsync("#log", "focus a Shift+shift B+shift Enter Tab blur");
    }

    [Fact]
    public async Task The_position_and_the_modifiers_of_a_click_are_told()
    {
        await OpenAsync("keys");
        var box = (await Page.Locator("#pad").BoundingBoxAsync())!;

        await Page.ClickAsync("#pad", new PageClickOptions { Position = new Position { X = 7, Y = 3 }, Modifiers = [KeyboardModifier.Control] });

        await Page.ShowsAsync("#log", $"{(int)box.X + 7},{(int)box.Y + 3}+ctrl");
    }

    [Fact]
    public async Task Every_kind_of_control_is_bound_both_ways()
    {
        await OpenAsync("fields");

        await Page.FillAsync("#text", "text <b>");
        await Page.FillAsync("#area", "two\nlines");
        await Page.CheckAsync("#check");
        await Page.FillAsync("#number", "42");
        await Page.CheckAsync("#blue");
        await Page.SelectOptionAsync("#size", "l");
        await Page.SelectOptionAsync("#tags", ["a", "b"]);
        await Page.FillAsync("#unmarked", "u");
        await Page.Keyboard.PressAsync("Tab");
        await Page.ShowsAsync("#shown", "text <b>|two lines|True|42|blue|l|a,b|u|0");
        await Page.UncheckAsync("#check");
        await Page.SelectOptionAsync("#tags", ["c"]);
        await Page.ShowsAsync("#shown", "text <b>|two lines|False|42|blue|l|c|u|0");

        await Page.ClickAsync("#set");

        await Page.HoldsAsync("#text", "set");
        await Page.HoldsAsync("#area", "set\narea");
        await Expect(Page.Locator("#check")).ToBeCheckedAsync();
        await Page.HoldsAsync("#number", "7");
        await Expect(Page.Locator("#blue")).ToBeCheckedAsync();
        await Page.HoldsAsync("#size", "l");
        await Expect(Page.Locator("#tags")).ToHaveValuesAsync(["a", "c"]);
        await Page.BecomesAsync("live");
        await Page.ReloadAsync();
        await Page.BecomesAsync("live");
        await Page.HoldsAsync("#area", "set\narea");
        await Expect(Page.Locator("#check")).ToBeCheckedAsync();
        await Expect(Page.Locator("#blue")).ToBeCheckedAsync();
        await Page.HoldsAsync("#size", "l");
        await Expect(Page.Locator("#tags")).ToHaveValuesAsync(["a", "c"]);
    }

    [Fact]
    public async Task A_form_is_submitted_by_button_and_by_enter_without_leaving_the_page()
    {
        await OpenAsync("fields");
        await Page.MarkAsync();

        await Page.ClickAsync("#send");
        await Page.ShowsAsync("#shown", "||False|0|red|m|||1");
        await Page.FillAsync("#text", "entered");
        await Page.PressAsync("#text", "Enter");

        await Page.ShowsAsync("#shown", "entered||False|0|red|m|||2");
        (await Page.IsMarkedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task A_binding_shows_what_it_made_of_the_value()
    {
        await OpenAsync("binding");

        await Page.FillAsync("#trimmed", "  spaces  ");
        await Page.PressAsync("#trimmed", "Tab");
        await Page.HoldsAsync("#trimmed", "spaces");
        await Page.FillAsync("#trimmed", " spaces ");
        await Page.PressAsync("#trimmed", "Tab");
        await Page.HoldsAsync("#trimmed", "spaces");
        await Page.Locator("#upper").PressSequentiallyAsync("abc");
        await Page.HoldsAsync("#upper", "ABC");
        await Page.FillAsync("#number", "007");
        await Page.PressAsync("#number", "Tab");
        await Page.HoldsAsync("#number", "7");
        await Page.FillAsync("#number", "no number");
        await Page.PressAsync("#number", "Tab");
        await Page.HoldsAsync("#number", "7");
        await Page.FillAsync("#clamped", "80");
        await Page.HoldsAsync("#clamped", "50");
        await Page.FillAsync("#clamped", "90");
        await Page.HoldsAsync("#clamped", "50");

        await Page.ShowsAsync("#values", "spaces|ABC|7|50");
    }

    [Fact]
    public async Task Input_and_change_are_told_apart()
    {
        await OpenAsync("binding");

        await Page.FillAsync("#own", "ab");
        await Page.ShowsAsync("#log", "input ab");
        await Page.PressAsync("#own", "Tab");

        await Page.ShowsAsync("#log", "input ab, change ab");
    }

    [Fact]
    public async Task Handlers_around_a_handler_run_from_the_inside_out_until_one_stops_it()
    {
        await OpenAsync("binding");

        await Page.ClickAsync("#deep");
        await Page.ShowsAsync("#log", "inner, middle, outer");
        await Page.ClickAsync("#clear");
        await Page.ShowsAsync("#log", "");
        await Page.ClickAsync("#stop");
        await Page.BecomesAsync("live");
        await Page.ClickAsync("#deep");

        await Page.ShowsAsync("#log", "inner, middle");
    }

    [Fact]
    public async Task A_handlers_default_action_is_prevented_where_it_says_so()
    {
        await OpenAsync("binding");
        await Page.MarkAsync();
        await Page.Locator("#keys").PressAsync("a");
        await Page.HoldsAsync("#keys", "a");
        await Page.ClickAsync("#prevent");
        await Page.BecomesAsync("live");
        await Expect(Page.Locator("#keys")).ToHaveAttributeAsync("data-hf", new Regex(@"\.\w*p"));

        await Page.Locator("#keys").PressAsync("b");
        await Page.ShowsAsync("#log", "down a, down b");
        await Page.HoldsAsync("#keys", "a");
        await Page.ClickAsync("#prevent");
        await Expect(Page.Locator("#keys")).Not.ToHaveAttributeAsync("data-hf", new Regex(@"\.\w*p"));
        await Page.Locator("#keys").PressAsync("c");

        await Expect(Page.Locator("#keys")).ToHaveValueAsync(new Regex("^(ac|ca)$"));
        await Page.ClickAsync("#send");
        await Page.ShowsAsync("#log", "down a, down b, down c, submit");
        (await Page.IsMarkedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task A_link_with_a_preventing_handler_leads_nowhere()
    {
        await OpenAsync("modifiers");
        await Page.MarkAsync();

        await Page.ClickAsync("#link");
        await Page.ShowsAsync("#counts", "1 1");
        await Page.ClickAsync("#dead");
        await Page.ShowsAsync("#counts", "2 1");
        await Page.ClickAsync("#stop");
        await Page.BecomesAsync("live");
        await Page.ClickAsync("#link");

        await Page.ShowsAsync("#counts", "2 2");
        (await Page.IsMarkedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task A_handler_that_comes_and_goes_is_called_only_while_it_is_there()
    {
        await OpenAsync("modifiers");

        await Page.ClickAsync("#conditional");
        await Page.ClickAsync("#give");
        await Expect(Page.Locator("#conditional")).ToHaveAttributeAsync("data-hf", new Regex("click:"));
        await Page.ClickAsync("#conditional");
        await Page.ShowsAsync("#counts", "0 10");
        await Page.ClickAsync("#give");
        await Expect(Page.Locator("#conditional")).Not.ToHaveAttributeAsync("data-hf", new Regex("click:"));
        await Page.ClickAsync("#conditional");
        await Page.ClickAsync("#maybe");
        await Page.ShowsAsync("#counts", "0 11");
        await Page.ClickAsync("#switch");
        await Expect(Page.Locator("#maybe")).ToHaveCountAsync(0);
        await Page.ClickAsync("#toggle");
        await Page.ShowsAsync("#state", "opened 1/0");
        await Page.ClickAsync("#toggle");

        await Page.ShowsAsync("#state", "closed 1/1");
    }

    [Fact]
    public async Task A_double_click_on_a_button_that_changes_its_handler_calls_the_one_that_was_shown()
    {
        await OpenAsync("modifiers");

        await Page.ClickByScriptAsync("#toggle", 2);
        await Page.BecomesAsync("live");

        // Both clicks were on "open": the second is not taken for one on "close".
        await Page.ShowsAsync("#state", new Regex(@"^opened [12]/0$"));
    }

    [Fact]
    public async Task A_disabled_button_is_deaf_until_it_is_enabled()
    {
        await OpenAsync("binding");

        await Page.ClickByScriptAsync("#disabled");
        await Page.ClickAsync("#enable");
        await Expect(Page.Locator("#disabled")).ToBeEnabledAsync();
        await Page.ClickAsync("#disabled");

        await Page.ShowsAsync("#log", "disabled");
    }

    [Fact]
    public async Task Events_that_do_not_bubble_reach_their_element()
    {
        await OpenAsync("binding");

        await Page.HoverAsync("#hover");
        await Page.HoverAsync("#values", new PageHoverOptions { Force = true });

        await Page.ShowsAsync("#log", "enter, leave");
    }

    [Fact]
    public async Task A_checkbox_whose_change_is_refused_goes_back()
    {
        await OpenAsync("binding");

        await Page.ClickAsync("#refused");
        await Page.ShowsAsync("#log", "refused");
        await Page.BecomesAsync("live");

        await Expect(Page.Locator("#refused")).Not.ToBeCheckedAsync();
    }

    [Theory]
    [InlineData("rows/keyed-table", "tr")]
    [InlineData("rows/keyed-bind", "li")]
    [InlineData("rows/keyed-child", "tr")]
    public async Task Rows_that_move_keep_their_nodes_their_focus_and_what_was_typed(string page, string row)
    {
        await OpenAsync(page);
        var control = Page.Locator("[data-row='3'] [data-hit]");
        var isInput = await control.EvaluateAsync<bool>("control => control.localName === 'input'");
        await control.FocusAsync();
        if (isInput)
        {
            await Page.Keyboard.TypeAsync("abc");
            await control.EvaluateAsync("input => input.setSelectionRange(1, 2)");
        }

        await Page.EvaluateAsync("() => { window.rows = new Map([...document.querySelectorAll('[data-row]')].map(row => [row.dataset.row, row])); }");
        string[] commands = ["move 2 0", "insert 0", "reverse", "move 0 3", "remove 1", "reverse"];
        foreach (var command in commands)
        {
            await Page.EvaluateAsync(
                "command => document.querySelector('#op').dispatchEvent(new KeyboardEvent('keydown', { key: command, bubbles: true }))", command);
            await Page.BecomesAsync("live");
        }

        (await OrderAsync()).ShouldBe(Expected(commands));
        (await Page.EvaluateAsync<bool>(
            "() => [...document.querySelectorAll('[data-row]')].every(row => !rows.has(row.dataset.row) || rows.get(row.dataset.row) === row)")).ShouldBeTrue();
        await Expect(control).ToBeFocusedAsync();
        if (isInput)
        {
            (await control.EvaluateAsync<string>("input => `${input.value} ${input.selectionStart}-${input.selectionEnd}`")).ShouldBe("abc 1-2");
            await Page.Keyboard.PressAsync("Tab");
            await Page.ShowsAsync("#notes", "3:abc");
        }
        else
        {
            await Page.Keyboard.PressAsync("Enter");
            await Page.ShowsAsync("#hits", "3:1");
        }

        Task<string[]> OrderAsync() => Page.EvaluateAsync<string[]>($"() => [...document.querySelectorAll('{row}[data-row]')].map(row => row.dataset.row)");
    }

    /// <summary>The order that the commands of a page with rows give.</summary>
    private static string[] Expected(string[] commands)
    {
        var rows = Enumerable.Range(1, 6).ToList();
        var last = 6;
        foreach (var words in commands.Select(command => command.Split(' ')))
        {
            var arguments = words.Skip(1).Select(word => int.Parse(word, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
            switch (words[0])
            {
                case "move":
                    var moved = rows[arguments[0]];
                    rows.Remove(moved);
                    rows.Insert(arguments[1], moved);
                    break;
                case "insert":
                    rows.Insert(arguments[0], ++last);
                    break;
                case "remove":
                    rows.RemoveAt(arguments[0]);
                    break;
                case "reverse":
                    rows.Reverse();
                    break;
            }
        }

        return [.. rows.Select(row => row.ToString(System.Globalization.CultureInfo.InvariantCulture))];
    }

    private async Task OpenAsync(string page) => await Page.OpenAsync((await servers.TestAppAsync()).Address + page);
}
