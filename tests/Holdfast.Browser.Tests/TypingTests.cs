using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>That a patch never disturbs who is typing.</summary>
public sealed class TypingTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    [Fact]
    public async Task Focus_caret_and_selection_survive_patches_of_other_things()
    {
        await OpenAsync();
        await Page.Locator("#other").PressSequentiallyAsync("abcdef");
        await SelectAsync("#other", 2, 4, "backward");

        await Page.ClickByScriptAsync("#tick");
        await Page.ShowsAsync("#ticks", "1");
        await Page.ClickByScriptAsync("#move");
        await Page.ShowsAsync("#first", "area");
        await Page.ClickByScriptAsync("#tick");
        await Page.ShowsAsync("#ticks", "2");

        await Expect(Page.Locator("#other")).ToBeFocusedAsync();
        (await SelectionAsync("#other")).ShouldBe("2-4 backward");
        await Page.Keyboard.TypeAsync("X");
        await Page.HoldsAsync("#other", "abXef");
    }

    [Fact]
    public async Task The_values_of_the_server_wait_until_the_touched_control_is_left()
    {
        await OpenAsync();
        await Page.Locator("#text").PressSequentiallyAsync("mine");

        await Page.ClickByScriptAsync("#set");
        await Page.HoldsAsync("#area", "set");

        await Page.HoldsAsync("#text", "mine");
        await Page.Keyboard.TypeAsync("!");
        await Page.HoldsAsync("#text", "mine!");
        await Page.Keyboard.PressAsync("Tab");
        await Page.ShowsAsync("#shown", "mine!|set");
        await Page.HoldsAsync("#text", "mine!");
    }

    [Fact]
    public async Task A_value_that_waited_is_shown_when_the_control_is_left_unless_its_own_event_says_more()
    {
        await OpenAsync();
        await Page.Locator("#untold").PressSequentiallyAsync("mine");

        await Page.ClickByScriptAsync("#set");
        await Page.ShowsAsync("#sets", "1");
        await Page.HoldsAsync("#untold", "mine");
        await Page.Keyboard.PressAsync("Tab");

        await Page.HoldsAsync("#untold", "set");
    }

    [Fact]
    public async Task A_control_of_which_all_was_told_is_written_at_once()
    {
        await OpenAsync();
        await Page.FillAsync("#live", "mine");
        await Page.ShowsAsync("#echo", "mine");
        await Page.BecomesAsync("live");

        await Page.ClickByScriptAsync("#set");

        await Page.HoldsAsync("#live", "set");
        await Page.ShowsAsync("#echo", "set");
        await Expect(Page.Locator("#live")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task An_untouched_control_with_the_focus_is_written_at_once()
    {
        await OpenAsync();
        await Page.FocusAsync("#text");

        await Page.ClickByScriptAsync("#set");

        await Page.HoldsAsync("#text", "set");
        await Expect(Page.Locator("#text")).ToBeFocusedAsync();
    }

    [Theory]
    [InlineData("#text")]
    [InlineData("#live")]
    [InlineData("#area")]
    public async Task A_composition_goes_on_through_patches_of_its_own_and_other_controls(string control)
    {
        var frames = new FrameLog(Page);
        await OpenAsync();
        var devTools = await BeginCompositionAsync(control);

        await Page.ClickByScriptAsync("#tick");
        await Page.ShowsAsync("#ticks", "1");
        await Page.ClickByScriptAsync("#set");
        await Expect(Page.Locator("#sets")).ToHaveTextAsync("1");
        await Page.ClickByScriptAsync("#move");
        await Expect(Page.Locator("#first")).ToHaveTextAsync("area");
        await Page.ClickByScriptAsync("#ask");
        await Expect(Page.Locator("#asked")).ToHaveCountAsync(1);

        await Page.HoldsAsync(control, "aにほ");
        await EndCompositionAsync(devTools, control);
        frames.Sent("event").Count(frame => frame.GetArrayLength() == 5 && frame[4].ToString() == "a日本").ShouldBe(1);
    }

    [Theory]
    [InlineData("#text")]
    [InlineData("#live")]
    [InlineData("#area")]
    public async Task A_composition_goes_on_through_a_join_that_sends_the_page(string control)
    {
        ExpectFailedConnections();
        await using var proxy = Testing.Network.FaultProxy.Start((await servers.TestAppAsync()).Process.Port);
        await Page.MisstateDigestsAsync();
        await Page.RecordAsync("holdfast:joined");
        await Page.OpenAsync($"http://127.0.0.1:{proxy.Port}/typing");
        var devTools = await BeginCompositionAsync(control);
        await Page.BecomesAsync("live");

        proxy.Cut();
        await Page.WaitForFunctionAsync("() => recorded.length === 2 && 'html' in recorded[1]");

        await Page.HoldsAsync(control, "aにほ");
        await EndCompositionAsync(devTools, control);
    }

    [Fact]
    public async Task A_fast_typist_loses_no_letter_to_the_servers_echo()
    {
        await OpenAsync();
        var text = string.Concat(Enumerable.Range(0, 60).Select(i => (char)('a' + (i % 26))));

        await Page.Locator("#live").PressSequentiallyAsync(text);

        await Page.HoldsAsync("#live", text);
        await Page.ShowsAsync("#echo", text);
        await Page.BecomesAsync("live");
        await Page.HoldsAsync("#live", text);
    }

    [Fact]
    public async Task Focus_of_a_removed_control_goes_to_the_nearest_ancestor_that_takes_it()
    {
        await OpenAsync();
        await Page.FocusAsync("#removable");

        await Page.ClickByScriptAsync("#remove");
        await Expect(Page.Locator("#removable")).ToHaveCountAsync(0);

        await Expect(Page.Locator("#frame")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task What_appears_with_autofocus_takes_the_focus()
    {
        await OpenAsync();
        await Page.FocusAsync("#other");

        await Page.ClickByScriptAsync("#ask");

        await Expect(Page.Locator("#asked")).ToBeFocusedAsync();
        await Page.ClickByScriptAsync("#tick");
        await Page.ShowsAsync("#ticks", "1");
        await Expect(Page.Locator("#asked")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task What_appears_with_autofocus_leaves_the_focus_to_whoever_types_elsewhere()
    {
        await OpenAsync();
        await Page.Locator("#text").PressSequentiallyAsync("mine");

        await Page.ClickByScriptAsync("#ask");
        await Expect(Page.Locator("#asked")).ToHaveCountAsync(1);

        await Expect(Page.Locator("#text")).ToBeFocusedAsync();
        await Page.Keyboard.TypeAsync("!");
        await Page.HoldsAsync("#text", "mine!");
    }

    private async Task OpenAsync() => await Page.OpenAsync((await servers.TestAppAsync()).Address + "typing");

    /// <summary>Types a letter, and begins to compose as a Japanese keyboard does.</summary>
    private async Task<ICDPSession> BeginCompositionAsync(string control)
    {
        await Page.EvaluateAsync(
            "() => { window.compositions = []; for (const name of ['compositionstart', 'compositionend']) document.addEventListener(name, event => compositions.push(`${event.type} ${event.data}`)); }");
        var devTools = await Context.NewCDPSessionAsync(Page);
        await Page.Locator(control).PressSequentiallyAsync("a");
        await ComposeAsync(devTools, "に");
        await ComposeAsync(devTools, "にほ");
        return devTools;
    }

    /// <summary>Ends the composition, and asserts that it was the same all the time, and that its text is what both sides have.</summary>
    private async Task EndCompositionAsync(ICDPSession devTools, string control)
    {
        await ComposeAsync(devTools, "にほん");
        await devTools.SendAsync("Input.insertText", new Dictionary<string, object> { ["text"] = "日本" });
        await Page.HoldsAsync(control, "a日本");
        (await Page.EvaluateAsync<string[]>("() => compositions")).ShouldBe(["compositionstart ", "compositionend 日本"]);
        await Expect(Page.Locator(control)).ToBeFocusedAsync();
        await Page.Keyboard.PressAsync("Tab");
        await Page.BecomesAsync("live");
        await Page.HoldsAsync(control, "a日本");
        (await Page.TextContentAsync("#shown") + (await Page.TextContentAsync("#echo"))).ShouldContain("a日本");
    }

    private static Task ComposeAsync(ICDPSession devTools, string text) => devTools.SendAsync(
        "Input.imeSetComposition",
        new Dictionary<string, object> { ["text"] = text, ["selectionStart"] = text.Length, ["selectionEnd"] = text.Length });

    private Task SelectAsync(string selector, int start, int end, string direction) => Page.EvaluateAsync(
        "([selector, start, end, direction]) => document.querySelector(selector).setSelectionRange(start, end, direction)",
        new object[] { selector, start, end, direction });

    private Task<string> SelectionAsync(string selector) => Page.EvaluateAsync<string>(
        "selector => { const { selectionStart, selectionEnd, selectionDirection } = document.querySelector(selector); return `${selectionStart}-${selectionEnd} ${selectionDirection}`; }",
        selector);
}
