using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>How the demo looks. The pictures are in artifacts/screenshots, for people to look at.</summary>
public sealed class PictureTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    private static readonly string Folder =
        Path.Combine(new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.FullName, "screenshots");

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 375)]
    [InlineData(ColorScheme.Dark, 375)]
    public async Task The_demos_pages_fit_and_nothing_in_them_jumps(ColorScheme scheme, int width)
    {
        var context = await NewContextAsync(new BrowserNewContextOptions
        {
            ColorScheme = scheme,
            ViewportSize = new ViewportSize { Width = width, Height = width < 500 ? 667 : 800 },
        });
        await context.AddInitScriptAsync(
            """
            window.shift = 0;
            new PerformanceObserver(list => { for (const { value } of list.getEntries()) window.shift += value; }).observe({ type: 'layout-shift', buffered: true });
            """);
        var page = await context.NewPageAsync();
        var address = (await servers.DemoAsync()).Address;

        foreach (var name in (string[])["home", "counter", "todos", "clock"])
        {
            await page.OpenAsync(address + (name == "home" ? "" : name));
            await UseAsync(page, name);
            await PaintedAsync(page);

            await page.ScreenshotAsync(new PageScreenshotOptions
            {
                Path = Path.Combine(Folder, $"{name}-{scheme.ToString().ToLowerInvariant()}-{width}.png"),
                FullPage = true,
            });
            (await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))
                .ShouldBeLessThanOrEqualTo(0, $"'{name}' is wider than {width} px.");
            (await page.EvaluateAsync<double>("() => window.shift")).ShouldBeLessThan(0.01, $"'{name}' jumps.");
        }
    }

    [Fact]
    public async Task A_jump_would_be_seen()
    {
        await Page.AddInitScriptAsync(
            "window.shift = 0; new PerformanceObserver(list => { for (const { value } of list.getEntries()) window.shift += value; }).observe({ type: 'layout-shift', buffered: true });");
        await Page.OpenAsync((await servers.DemoAsync()).Address + "counter");

        await PaintedAsync(Page);
        await Page.EvaluateAsync("() => { document.body.style.paddingTop = '100px'; }");

        await Page.WaitForFunctionAsync("() => window.shift > 0.01");
    }

    private static async Task UseAsync(IPage page, string name)
    {
        switch (name)
        {
            case "counter":
                await page.ClickAsync("button.primary");
                await Expect(page.GetByText("Count: 1")).ToBeVisibleAsync();
                break;
            case "todos":
                await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Open", Exact = true }).ClickAsync();
                await Expect(page.Locator(".filters button").Nth(1)).ToHaveAttributeAsync("aria-pressed", "true");
                break;
            case "clock":
                var shown = await page.TextContentAsync("time");
                await Expect(page.Locator("time")).Not.ToHaveTextAsync(shown!);
                break;
        }

        await page.BecomesAsync("live");
    }

    /// <summary>Two frames: what changed is laid out and painted.</summary>
    private static Task PaintedAsync(IPage page) => page.EvaluateAsync(
        "() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
}
