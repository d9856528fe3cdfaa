using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>Pages that the browser keeps as they are when they are left, and shows again on the way back.</summary>
public sealed class BackForwardCacheTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    private readonly Browser _browser = browser;

    /// <summary>Playwright switches the cache off, so this is a Chromium of its own.</summary>
    [Fact]
    public async Task A_page_out_of_the_cache_joins_again_as_the_same_document()
    {
        await using var chromium = await _browser.LaunchAsync(["--enable-features=BackForwardCache"], ["--disable-back-forward-cache"]);
        var page = await chromium.NewPageAsync();
        page.SetDefaultTimeout(10_000);
        await page.AddInitScriptAsync(
            """
            window.shown = [];
            window.joins = [];
            addEventListener('pageshow', ({ persisted }) => shown.push(persisted));
            document.addEventListener('holdfast:joined', ({ detail }) => joins.push(detail.found));
            """);
        var address = (await servers.TestAppAsync()).Address;
        await page.OpenAsync(address + "scopes");
        await page.ClickAsync("#all");
        await page.ShowsAsync("#tab", "1");
        await page.BecomesAsync("live");
        await page.MarkAsync();

        await page.OpenAsync(address + "plain");
        await page.MarkAsync();
        await page.EvaluateAsync("() => { history.back(); }");
        await CameOutOfTheCacheAsync(page, "/scopes", times: 1);
        await Expect(page.Locator("#session, #tab, #reconnect")).ToHaveTextAsync(["1", "1", "1"]);
        await page.ClickAsync("#all");
        await Expect(page.Locator("#session, #tab, #reconnect")).ToHaveTextAsync(["2", "2", "2"]);
        await page.BecomesAsync("live");

        await page.EvaluateAsync("() => { history.forward(); }");
        await CameOutOfTheCacheAsync(page, "/plain", times: 1);
        await page.ClickAsync("#up");
        await page.ShowsAsync("#count", "1");
        await page.BecomesAsync("live");

        await page.EvaluateAsync("() => { history.back(); }");
        await CameOutOfTheCacheAsync(page, "/scopes", times: 2);
        await Expect(page.Locator("#session, #tab, #reconnect")).ToHaveTextAsync(["2", "2", "2"]);
    }

    /// <summary>The same without the cache: the events as a browser that has one sends them.</summary>
    [Fact]
    public async Task A_hidden_page_closes_its_socket_and_lets_its_tab_go_and_a_shown_one_joins_again()
    {
        await Page.RecordAsync("holdfast:joined");
        await Page.OpenAsync((await servers.TestAppAsync()).Address + "scopes");
        await Page.ClickAsync("#all");
        await Page.ShowsAsync("#tab", "1");
        await Page.BecomesAsync("live");

        await Page.EvaluateAsync("() => { window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })); }");
        (await Page.EvaluateAsync<int>("async () => (await navigator.locks.query()).held.length")).ShouldBe(0);
        await Page.BecomesAsync("offline");
        await Page.EvaluateAsync("() => { window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })); }");
        await Page.BecomesAsync("live");

        (await Page.RecordedAsync("found")).ShouldBe(["new", "recovered"]);
        await Page.ClickAsync("#all");
        await Page.ShowsAsync("#tab", "2");
    }

    /// <summary>Asserts that this page is the document that was marked, shown again so often, and joined each time.</summary>
    private static async Task CameOutOfTheCacheAsync(IPage page, string path, int times)
    {
        await page.WaitForFunctionAsync("([path, times]) => location.pathname === path && (shown.at(-1) === false || shown.length === times + 1)", new object[] { path, times });
        (await page.EvaluateAsync<bool[]>("() => shown")).ShouldBe(
            [false, .. Enumerable.Repeat(true, times)], "The page did not come out of the cache: " + await ReasonsAsync(page));
        (await page.IsMarkedAsync()).ShouldBeTrue();
        await page.WaitForFunctionAsync("times => joins.length === times + 1", times);
        await page.BecomesAsync("live");
    }

    private static Task<string> ReasonsAsync(IPage page) => page.EvaluateAsync<string>(
        "() => JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons ?? null)");
}
