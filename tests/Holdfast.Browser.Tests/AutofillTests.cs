using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>That what a password manager or the browser itself fills in is taken for what was typed, whenever it comes.</summary>
public sealed class AutofillTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    /// <summary>What is shown when all was filled in: of the page's text, area, check box, number, radio buttons and lists, and what is not kept.</summary>
    private const string Filled = "Ada|two lines|True|42|blue|l|a,c|other|0";

    /// <summary>Fills in every control by script, and tells it by the events that are named.</summary>
    private const string Fill =
        """
        (...events) => {
            const get = id => document.getElementById(id);
            const fill = (id, write) => {
                write(get(id));
                for (const name of events)
                    get(id).dispatchEvent(new Event(name, { bubbles: true }));
            };
            fill('text', text => text.value = 'Ada');
            fill('area', area => area.value = 'two\nlines');
            fill('check', check => check.checked = true);
            fill('number', number => number.value = '42');
            fill('blue', blue => blue.checked = true);
            fill('size', size => size.value = 'l');
            fill('tags', tags => { for (const option of tags.options) option.selected = option.value !== 'b'; });
            fill('unmarked', unmarked => unmarked.value = 'other');
        }
        """;

    [Theory]
    [InlineData("")]
    [InlineData("'input', 'change'")]
    public async Task What_was_filled_in_before_the_join_reaches_the_server_with_it(string events)
    {
        var frames = new FrameLog(Page);
        var script = await SlowScript.ShowAsync(Page, await AddressAsync());
        await Page.EvaluateAsync($"() => ({Fill})({events})");

        await script.ComesAsync();

        await Page.ShowsAsync("#shown", Filled);
        await ShowsAllAsync();
        frames.Sent("fields").ShouldHaveSingleItem()[1].GetArrayLength().ShouldBe(8);
        frames.Sent("event").ShouldBeEmpty();
        await IsKeptAsync();
    }

    [Fact]
    public async Task What_is_filled_in_later_is_taken_for_typed()
    {
        var frames = new FrameLog(Page);
        await Page.OpenAsync(await AddressAsync());

        await Page.EvaluateAsync($"() => ({Fill})('input', 'change')");

        await Page.ShowsAsync("#shown", Filled);
        await ShowsAllAsync();
        frames.Sent("event").Count.ShouldBe(8);
        await IsKeptAsync();
    }

    [Fact]
    public async Task What_was_filled_in_without_a_word_into_a_live_page_reaches_the_server_at_the_next_join()
    {
        await using var proxy = Testing.Network.FaultProxy.Start((await servers.TestAppAsync()).Process.Port);
        ExpectFailedConnections();
        await Page.OpenAsync($"http://127.0.0.1:{proxy.Port}/fields");
        await Page.EvaluateAsync($"() => ({Fill})()");

        proxy.Cut();

        await Page.ShowsAsync("#shown", Filled);
        await ShowsAllAsync();
    }

    [Fact]
    public async Task A_form_that_was_filled_in_before_the_join_is_sent_with_what_it_holds()
    {
        var script = await SlowScript.ShowAsync(Page, await AddressAsync());
        await Page.EvaluateAsync($"() => ({Fill})()");

        await script.ComesAsync();
        await Page.ClickAsync("#send");

        await Page.ShowsAsync("#shown", Filled[..^1] + "1");
    }

    private async Task<string> AddressAsync() => (await servers.TestAppAsync()).Address + "fields";

    /// <summary>The controls still show what was filled in.</summary>
    private async Task ShowsAllAsync()
    {
        await Page.HoldsAsync("#text", "Ada");
        await Page.HoldsAsync("#area", "two\nlines");
        await Expect(Page.Locator("#check")).ToBeCheckedAsync();
        await Page.HoldsAsync("#number", "42");
        await Expect(Page.Locator("#blue")).ToBeCheckedAsync();
        await Page.HoldsAsync("#size", "l");
        await Expect(Page.Locator("#tags")).ToHaveValuesAsync(["a", "c"]);
        await Page.HoldsAsync("#unmarked", "other");
    }

    /// <summary>It has become durable: another tab shows all but what is not persisted.</summary>
    private async Task IsKeptAsync()
    {
        await Page.BecomesAsync("live");
        var other = await Context.NewPageAsync();
        await other.GotoAsync(await AddressAsync());
        await other.ShowsAsync("#shown", Filled.Replace("other", ""));
    }
}
