using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests.Demo;

/// <summary>
/// The pictures of the README and the guides. They are put into artifacts/screenshots/documents; run with HOLDFAST_ACCEPT=1, also into docs/images.
/// </summary>
public sealed class DocumentPictureTests(Browser browser) : BrowserTest(browser)
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task The_documents_show_the_demo(ColorScheme scheme)
    {
        ExpectFailedConnections();
        await using var demo = await AppServer.StartDemoAsync(Deadline);
        var page = await NewPageAsync(scheme, 960, 700);

        await page.OpenAsync(demo.Of("signup"));
        await page.UseAsync("signup");
        await TakeAsync(page, "signup", scheme);

        await page.OpenAsync(demo.Of("table"));
        await page.UseAsync("table");
        await TakeAsync(page, "table", scheme);

        await page.OpenAsync(demo.Of("todos"));
        foreach (var todo in (string[])["Grease the winch", "Splice the mooring line"])
        {
            await page.FillAsync("[name=todo]", todo);
            await page.ButtonNamed("Add").ClickAsync();
            await Expect(page.GetByRole(AriaRole.Checkbox, new PageGetByRoleOptions { Name = todo })).ToBeVisibleAsync();
        }

        await page.FillAsync("[name=todo]", "Check the anch");
        await page.BecomesAsync("live");
        await TakeAsync(page, "todos", scheme);

        var phone = await NewPageAsync(scheme, 360, 740);
        await phone.OpenAsync(demo.Of("table"));
        await phone.FillAsync("#filter", "selkie");
        await Expect(phone.Locator("tbody tr").Filter(new LocatorFilterOptions { HasNotText = "Selkie" })).ToHaveCountAsync(0);
        await phone.Locator("tbody tr").First.GetByText("Flag").ClickAsync();
        await Expect(phone.Locator(".flagged")).ToHaveCountAsync(1);
        await phone.BecomesAsync("live");
        await TakeAsync(phone, "table-narrow", scheme);

        await page.SetViewportSizeAsync(960, 480);
        await page.OpenAsync(demo.Of("counter"));
        await page.ClickByScriptAsync(".primary", 41);
        await page.ShowsAsync(".figure", "Count: 41");
        await page.BecomesAsync("live");
        demo.Process.Kill();
        await page.BecomesAsync("offline");
        await page.ClickAsync(".primary");
        await page.BecomesAsync("unsaved");
        await TakeAsync(page, "counter-unsaved", scheme);
    }

    private async Task<IPage> NewPageAsync(ColorScheme scheme, int width, int height)
    {
        var context = await NewContextAsync(new BrowserNewContextOptions
        {
            ColorScheme = scheme,
            ReducedMotion = ReducedMotion.Reduce,
            ViewportSize = new ViewportSize { Width = width, Height = height },
            IsMobile = true, // Its scroll bars take no room.
        });
        return await context.NewPageAsync();
    }

    private static async Task TakeAsync(IPage page, string name, ColorScheme scheme)
    {
        await page.EvaluateAsync("() => scrollTo(0, 0)");
        var picture = await page.ScreenshotAsync(new PageScreenshotOptions { Caret = ScreenshotCaret.Initial });
        var file = $"{name}-{scheme.ToString().ToLowerInvariant()}.png";
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "screenshots", "documents"));
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, file), picture, Deadline);
        if (Environment.GetEnvironmentVariable("HOLDFAST_ACCEPT") == "1")
        {
            await File.WriteAllBytesAsync(Path.Combine(Repository.Root, "docs", "images", file), picture, Deadline);
        }
    }
}
