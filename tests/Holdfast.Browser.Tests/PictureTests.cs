using Holdfast.Browser.Tests.Demo;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>How the demo looks. The pictures are in artifacts/screenshots, for people to look at.</summary>
public sealed class PictureTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    private static readonly string Folder = Path.Combine(Repository.Root, "artifacts", "screenshots");

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 360)]
    [InlineData(ColorScheme.Dark, 360)]
    public async Task The_demos_pages_fit_and_nothing_in_them_jumps(ColorScheme scheme, int width)
    {
        var context = await NewContextAsync(new BrowserNewContextOptions
        {
            ColorScheme = scheme,
            ViewportSize = new ViewportSize { Width = width, Height = width < 500 ? 740 : 800 },
        });
        await context.AddInitScriptAsync(
            """
            window.shift = 0;
            new PerformanceObserver(list => { for (const { value } of list.getEntries()) window.shift += value; }).observe({ type: 'layout-shift', buffered: true });
            """);
        var page = await context.NewPageAsync();
        var demo = await servers.DemoAsync();

        foreach (var name in DemoPages.All.Select(row => row.Data))
        {
            await page.OpenAsync(demo.Of(name));
            await StillAsync(page, $"'{name}' jumps when it joins.");

            await page.UseAsync(name);
            await PaintedAsync(page);
            (await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth"))
                .ShouldBeLessThanOrEqualTo(0, $"'{name}' is wider than {width} px.");
            await page.ScreenshotAsync(new PageScreenshotOptions
            {
                Path = Path.Combine(Folder, $"{name}-{scheme.ToString().ToLowerInvariant()}-{width}.png"),
                FullPage = true,
            });

            await page.ReloadAsync();
            await page.BecomesAsync("live");
            await StillAsync(page, $"'{name}' jumps when it joins with what was restored.");
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

    private static async Task StillAsync(IPage page, string otherwise)
    {
        await PaintedAsync(page);
        (await page.EvaluateAsync<double>("() => window.shift")).ShouldBe(0, otherwise);
    }

    /// <summary>Two frames: what changed is laid out and painted.</summary>
    private static Task PaintedAsync(IPage page) => page.EvaluateAsync(
        "() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
}
