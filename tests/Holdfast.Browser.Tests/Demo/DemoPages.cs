using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests.Demo;

/// <summary>The demo's pages, and what a visitor does in each.</summary>
internal static class DemoPages
{
    /// <summary>Their names, which are their paths but for "home".</summary>
    public static TheoryData<string> All => ["home", "counter", "todos", "signup", "table", "clock"];

    /// <summary>The address of a page.</summary>
    public static string Of(this AppServer demo, string name) => demo.Address + (name == "home" ? "" : name);

    /// <summary>Does what a page is for, far enough that it looks used, and waits until all is saved.</summary>
    public static async Task UseAsync(this IPage page, string name)
    {
        switch (name)
        {
            case "counter":
                await page.ClickAsync("button.primary");
                await Expect(page.GetByText("Count: 1")).ToBeVisibleAsync();
                break;
            case "todos":
                var todo = $"Oil the winch {Guid.NewGuid():N}";
                await page.FillAsync("[name=todo]", todo);
                await page.ButtonNamed("Add").ClickAsync();
                await Expect(page.GetByRole(AriaRole.Checkbox, new PageGetByRoleOptions { Name = todo })).ToBeVisibleAsync();
                await page.ButtonNamed("Open").ClickAsync();
                await Expect(page.ButtonNamed("Open")).ToHaveAttributeAsync("aria-pressed", "true");
                await page.FillAsync("[name=todo]", "Splice the mooring li");
                break;
            case "signup":
                await page.GetByLabel("Name").FillAsync("Ada Quay");
                await page.GetByLabel("E-mail").FillAsync("ada@");
                await page.GetByLabel("E-mail").BlurAsync(); // What leaving a field says comes before the click, not under it.
                await Expect(page.GetByText("no e-mail address")).ToBeVisibleAsync();
                await page.ButtonNamed("Continue").ClickAsync();
                await Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("One answer needs another look.");
                break;
            case "table":
                await page.ButtonNamed("Vessel").ClickAsync();
                await Expect(page.GetByRole(AriaRole.Columnheader, new PageGetByRoleOptions { Name = "Vessel" })).ToHaveAttributeAsync("aria-sort", "ascending");
                await page.Locator("tbody tr").Nth(1).GetByText("Flag").ClickAsync();
                await Expect(page.Locator("tbody tr").Nth(1)).ToHaveClassAsync("flagged");
                await page.Locator("tbody tr").Nth(3).GetByText("Delete").ClickAsync();
                await Expect(page.Locator("tbody tr").Nth(3)).ToHaveClassAsync("removed");
                break;
            case "clock":
                var shown = await page.TextContentAsync("time");
                await Expect(page.Locator("time")).Not.ToHaveTextAsync(shown!);
                break;
        }

        await page.BecomesAsync("live");
    }

    /// <summary>The button with exactly this name.</summary>
    public static ILocator ButtonNamed(this IPage page, string name) =>
        page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    /// <summary>Fills in the registration's first step, and goes on to the second.</summary>
    public static async Task FillAccountAsync(this IPage page)
    {
        await page.GetByLabel("Name").FillAsync("Ada Quay");
        await page.GetByLabel("E-mail").FillAsync("ada@example.org");
        await page.ButtonNamed("Continue").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Where do you live?" })).ToBeVisibleAsync();
    }

    /// <summary>Fills in the registration's second step, and goes on to the third.</summary>
    public static async Task FillAddressAsync(this IPage page)
    {
        await page.GetByLabel("Street and number").FillAsync("1 Pier");
        await page.GetByLabel("Postcode").FillAsync("4021");
        await page.GetByLabel("Town").FillAsync("Bergen");
        await page.GetByLabel("Country").SelectOptionAsync("Norway");
        await page.ButtonNamed("Continue").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Is this right?" })).ToBeVisibleAsync();
    }
}
