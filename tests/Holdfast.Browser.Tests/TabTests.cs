using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>What each tab keeps to itself, what tabs share, and what survives which way of leaving a page: the table in the README.</summary>
public sealed class TabTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    [Fact]
    public async Task Two_tabs_that_click_in_turn_show_the_sum_after_their_next_event()
    {
        var address = await AddressAsync("counter");
        var other = await Context.NewPageAsync();
        await Page.OpenAsync(address);
        await other.OpenAsync(address);

        for (var i = 0; i < 3; i++)
        {
            await Page.ClickAsync("#up");
            await Page.ShowsAsync("#count", $"{(2 * i) + 1}");
            await other.ClickAsync("#up");
            await other.ShowsAsync("#count", $"{(2 * i) + 2}");
        }
    }

    [Fact]
    public async Task Two_tabs_that_click_at_once_lose_nothing()
    {
        var address = await AddressAsync("counter");
        var other = await Context.NewPageAsync();
        await Page.OpenAsync(address);
        await other.OpenAsync(address);

        await Task.WhenAll(ClickManyAsync(Page), ClickManyAsync(other));
        await Page.BecomesAsync("live");
        await other.BecomesAsync("live");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "81");
        await other.ClickAsync("#up");
        await other.ShowsAsync("#count", "82");

        static Task ClickManyAsync(IPage page) => page.EvaluateAsync(
            """
            async () => {
                for (let i = 0; i < 40; i++) {
                    document.querySelector('#up').click();
                    await new Promise(resolve => setTimeout(resolve));
                }
            }
            """);
    }

    [Fact]
    public async Task A_lost_socket_keeps_all()
    {
        await using var proxy = Testing.Network.FaultProxy.Start((await servers.TestAppAsync()).Process.Port);
        await FillAsync(Page, $"http://127.0.0.1:{proxy.Port}/scopes");

        await Page.MarkAsync();
        await Page.EvaluateAsync("() => document.addEventListener('holdfast:joined', ({ detail }) => window.found = detail.found)");
        proxy.Cut();
        await Page.WaitForFunctionAsync("() => window.found === 'recovered'");

        await ShowsAsync(Page, session: 1, tab: 1, reconnect: 1, unmarked: 1);
        (await Page.IsMarkedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task A_dead_server_keeps_all_that_is_marked()
    {
        ExpectFailedConnections();
        await using var server = await AppServer.StartTestAppAsync(Deadline);
        await FillAsync(Page, server.Address + "scopes");

        server.Process.Kill();
        await server.Process.RestartAsync(cancellationToken: Deadline);
        await Page.HurryAsync();

        await ShowsAsync(Page, session: 1, tab: 1, reconnect: 1, unmarked: 0);
        await Page.ShowsAsync("#found", "Join Restored");
    }

    [Fact]
    public async Task A_reload_keeps_all_that_is_marked()
    {
        await FillAsync(Page, await AddressAsync("scopes"));

        await Page.ReloadAsync();
        await Page.BecomesAsync("live");

        await ShowsAsync(Page, session: 1, tab: 1, reconnect: 1, unmarked: 0);
    }

    [Fact]
    public async Task Defaults_do_not_flash_when_a_page_is_reloaded()
    {
        await FillAsync(Page, await AddressAsync("scopes"));
        await Page.AddInitScriptAsync(
            """
            window.seen = [];
            const look = () => {
                const tab = document.querySelector('#tab');
                if (tab && document.querySelector('script#holdfast'))
                    window.seen.push(`${getComputedStyle(tab).visibility} ${tab.textContent}`);
                requestAnimationFrame(look);
            };
            document.addEventListener('DOMContentLoaded', () => requestAnimationFrame(look));
            """);

        await Page.ReloadAsync();
        await Page.BecomesAsync("live");
        await ShowsAsync(Page, session: 1, tab: 1, reconnect: 1, unmarked: 0);
        await Page.WaitForFunctionAsync("() => window.seen.includes('visible 1')");

        (await Page.EvaluateAsync<string[]>("() => window.seen")).ShouldNotContain("visible 0");
    }

    [Fact]
    public async Task Back_and_forward_keep_all_that_is_marked()
    {
        await FillAsync(Page, await AddressAsync("scopes"));
        await Page.OpenAsync(await AddressAsync("plain"));

        await Page.GoBackAsync();
        await Page.BecomesAsync("live");
        await ShowsAsync(Page, session: 1, tab: 1, reconnect: 1, unmarked: 0);

        await Page.GoForwardAsync();
        await Page.BecomesAsync("live");
        await Page.GoBackAsync();
        await Page.BecomesAsync("live");
        await ShowsAsync(Page, session: 1, tab: 1, reconnect: 1, unmarked: 0);
    }

    [Fact]
    public async Task Opening_the_page_anew_in_its_tab_clears_what_was_for_a_reconnect()
    {
        await FillAsync(Page, await AddressAsync("scopes"));

        await Page.OpenAsync(await AddressAsync("plain"));
        await Page.OpenAsync(await AddressAsync("scopes"));

        await ShowsAsync(Page, session: 1, tab: 1, reconnect: 0, unmarked: 0);
    }

    [Fact]
    public async Task Opening_the_page_anew_in_one_tab_clears_nothing_in_another()
    {
        var address = await AddressAsync("scopes");
        await FillAsync(Page, address);

        var other = await Context.NewPageAsync();
        await other.OpenAsync(address);
        await ShowsAsync(other, session: 1, tab: 0, reconnect: 0, unmarked: 0);
        await other.ClickAsync("#all");
        await ShowsAsync(other, session: 2, tab: 1, reconnect: 1, unmarked: 1);
        await other.OpenAsync(await AddressAsync("plain"));
        await other.OpenAsync(address);

        await Page.ReloadAsync();
        await Page.BecomesAsync("live");
        await ShowsAsync(Page, session: 2, tab: 1, reconnect: 1, unmarked: 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_duplicated_tab_shares_the_session_and_has_its_own_of_the_rest(bool hasLocks)
    {
        if (!hasLocks)
        {
            // As in a page that is not secure.
            await Context.AddInitScriptAsync("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });");
        }

        var address = await AddressAsync("scopes");
        await FillAsync(Page, address);

        // What is opened by a page begins with a copy of its sessionStorage, as a duplicated tab does.
        var copy = await Context.RunAndWaitForPageAsync(() => Page.EvaluateAsync("address => { window.open(address); }", address));
        await copy.BecomesAsync("live");

        await ShowsAsync(copy, session: 1, tab: 0, reconnect: 0, unmarked: 0);
        (await TabAsync(copy)).ShouldNotBe(await TabAsync(Page));
        await copy.ClickAsync("#all");
        await ShowsAsync(copy, session: 2, tab: 1, reconnect: 1, unmarked: 1);
        await Page.ClickAsync("#tab-up");
        await ShowsAsync(Page, session: 2, tab: 2, reconnect: 1, unmarked: 1);

        await copy.ReloadAsync();
        await copy.BecomesAsync("live");
        await ShowsAsync(copy, session: 2, tab: 1, reconnect: 1, unmarked: 0);
        await Page.ReloadAsync();
        await Page.BecomesAsync("live");
        await ShowsAsync(Page, session: 2, tab: 2, reconnect: 1, unmarked: 0);
    }

    [Fact]
    public async Task Events_of_a_reloaded_document_are_not_taken_for_those_before()
    {
        await Page.OpenAsync(await AddressAsync("counter"));
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "1");
        await Page.BecomesAsync("live");

        await Page.ReloadAsync();
        await Page.BecomesAsync("live");
        await Page.ClickAsync("#up");

        await Page.ShowsAsync("#count", "2");
    }

    [Fact]
    public async Task Clearing_the_cookies_ends_the_session()
    {
        var address = await AddressAsync("scopes");
        await FillAsync(Page, address);

        await Context.ClearCookiesAsync();
        await Page.ReloadAsync();
        await Page.BecomesAsync("live");

        await ShowsAsync(Page, session: 0, tab: 0, reconnect: 0, unmarked: 0);
        await Page.ClickAsync("#all");
        await ShowsAsync(Page, session: 1, tab: 1, reconnect: 1, unmarked: 1);
    }

    [Fact]
    public async Task Another_browser_has_another_session()
    {
        var address = await AddressAsync("scopes");
        await FillAsync(Page, address);

        var other = await (await NewContextAsync()).NewPageAsync();
        await other.OpenAsync(address);

        await ShowsAsync(other, session: 0, tab: 0, reconnect: 0, unmarked: 0);
    }

    [Fact]
    public async Task The_same_page_with_other_route_values_has_a_slice_of_its_own()
    {
        await Page.OpenAsync(await AddressAsync("items/1"));
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "1");
        await Page.BecomesAsync("live");

        await Page.OpenAsync(await AddressAsync("items/2"));
        await Page.ShowsAsync("#count", "0");
        await Page.OpenAsync(await AddressAsync("items/1"));
        await Page.ShowsAsync("#count", "1");
    }

    [Fact]
    public async Task A_view_that_keeps_nothing_gives_no_cookie()
    {
        await Page.OpenAsync(await AddressAsync("plain"));
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "1");

        (await Context.CookiesAsync()).ShouldBeEmpty();
    }

    private async Task<string> AddressAsync(string page) => (await servers.TestAppAsync()).Address + page;

    /// <summary>Sets every member of every scope to 1, durably.</summary>
    private static async Task FillAsync(IPage page, string address)
    {
        await page.OpenAsync(address);
        await page.ClickAsync("#all");
        await ShowsAsync(page, session: 1, tab: 1, reconnect: 1, unmarked: 1);
        await page.BecomesAsync("live");
    }

    private static async Task ShowsAsync(IPage page, int session, int tab, int reconnect, int unmarked)
    {
        await Expect(page.Locator("#session, #tab, #reconnect, #unmarked"))
            .ToHaveTextAsync([$"{session}", $"{tab}", $"{reconnect}", $"{unmarked}"], new LocatorAssertionsToHaveTextOptions { Timeout = 15_000 });
    }

    private static Task<string> TabAsync(IPage page) => page.EvaluateAsync<string>("() => sessionStorage.getItem('holdfast-tab')");
}
