using Holdfast.Testing.Faults;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>What a person sees while nothing can be stored.</summary>
public sealed class FullDiskTests(Browser browser) : BrowserTest(browser)
{
    [Fact]
    public async Task A_page_goes_on_and_says_that_changes_are_not_saved_until_they_are()
    {
        await using var server = await AppServer.StartOnDiskThatMayBeFullAsync(Deadline);
        await Page.OpenAsync(server.Address + "counter");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "1");
        await Page.BecomesAsync("live");

        server.Process.FillDisk();
        await Page.ClickAsync("#up");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "3");
        await Page.BecomesAsync("unsaved");
        await Expect(Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Changes are not saved yet.");

        server.Process.FreeDisk();
        await Page.BecomesAsync("live");
        await Expect(Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected again. All changes are saved.");
        await Page.ReloadAsync();
        await Page.ShowsAsync("#count", "3");
    }

    [Fact]
    public async Task A_page_that_shows_only_what_is_stored_stays_as_it_is_until_it_is_stored()
    {
        await using var server = await AppServer.StartOnDiskThatMayBeFullAsync(Deadline);
        await Page.OpenAsync(server.Address + "paying");
        await Page.ClickAsync("#pay");
        await Page.ShowsAsync("#paid", "1");
        await Page.BecomesAsync("live");

        server.Process.FillDisk();
        await Page.ClickAsync("#pay");
        await Page.BecomesAsync("unsaved");
        await Expect(Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Changes are not saved yet.");
        await Page.ShowsAsync("#paid", "1");

        server.Process.FreeDisk();
        await Page.ShowsAsync("#paid", "2");
        await Page.BecomesAsync("live");
        await Expect(Page).ToHaveTitleAsync("Paid 2");
    }
}
