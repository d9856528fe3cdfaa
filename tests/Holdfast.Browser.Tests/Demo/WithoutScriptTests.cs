using System.Text.RegularExpressions;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests.Demo;

/// <summary>What keeps a page from being live.</summary>
public enum Lack
{
    /// <summary>The browser runs no scripts.</summary>
    JavaScript,

    /// <summary>The first page was live; after that the script could not be loaded.</summary>
    TheScript,

    /// <summary>The script runs, and gets no socket.</summary>
    WebSockets,

    /// <summary>The app was told to do without: <c>HoldfastOptions.WebSockets</c>.</summary>
    LivePages,
}

/// <summary>That every page of the demo does by POST what it does live, but for the clock, which is live by nature.</summary>
public sealed class WithoutScriptTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    private Lack _lack;
    private IPage _page = null!;

    public static TheoryData<Lack> Lacks => [.. Enum.GetValues<Lack>()];

    [Theory]
    [MemberData(nameof(Lacks))]
    public async Task The_counter_counts(Lack lack)
    {
        await OpenAsync(lack, "counter");

        await PostAsync(page => page.ButtonNamed("+1").ClickAsync());
        await _page.ShowsAsync(".figure", "Count: 1");
        await PostAsync(page => page.ButtonNamed("+1").ClickAsync());
        await _page.ShowsAsync(".figure", "Count: 2");
        await _page.ShowsAsync(".origin", "Restored the count.");
    }

    [Theory]
    [MemberData(nameof(Lacks))]
    public async Task Todos_are_added_shown_finished_and_deleted(Lack lack)
    {
        await OpenAsync(lack, "todos");
        var todo = $"Written without {lack} {Guid.NewGuid():N}";
        var box = () => _page.GetByRole(AriaRole.Checkbox, new PageGetByRoleOptions { Name = todo });

        await _page.FillAsync("[name=todo]", todo);
        await PostAsync(page => page.Locator("[name=todo]").PressAsync("Enter"));
        await Expect(box()).Not.ToBeCheckedAsync();
        await _page.HoldsAsync("[name=todo]", "");
        await PostAsync(_ => box().ClickAsync());
        await Expect(box()).ToBeCheckedAsync();
        await PostAsync(page => page.ButtonNamed("Open").ClickAsync());
        await Expect(box()).ToHaveCountAsync(0);
        await PostAsync(page => page.ButtonNamed("Done").ClickAsync());
        await PostAsync(page => page.ButtonNamed($"Delete: {todo}").ClickAsync());
        await Expect(box()).ToHaveCountAsync(0);
    }

    [Theory]
    [MemberData(nameof(Lacks))]
    public async Task Somebody_registers_with_mistakes_on_the_way(Lack lack)
    {
        await OpenAsync(lack, "signup");

        await PostAsync(page => page.ButtonNamed("Continue").ClickAsync());
        await Expect(_page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("2 answers need another look.");
        await Expect(_page.Locator("#name")).ToHaveAccessibleDescriptionAsync("Enter a name.");
        await Expect(_page.Locator("#name")).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(_page.Locator("#name")).ToBeFocusedAsync();
        await _page.FillAsync("#name", "Ada Quay");
        await _page.FillAsync("#email", "ada@");
        await PostAsync(page => page.ButtonNamed("Continue").ClickAsync());
        await _page.ShowsAsync("#email-error", "This is no e-mail address: it has no part after the @.");
        await _page.HoldsAsync("#name", "Ada Quay");
        await _page.HoldsAsync("#email", "ada@");
        await _page.FillAsync("#email", "ada@example.org");
        await PostAsync(page => page.Locator("#email").PressAsync("Enter"));

        await _page.FillAsync("#street", "1 Pier");
        await PostAsync(page => page.ButtonNamed("Back").ClickAsync());
        await _page.HoldsAsync("#email", "ada@example.org");
        await PostAsync(page => page.ButtonNamed("Continue").ClickAsync());
        await _page.HoldsAsync("#street", "1 Pier");
        await _page.FillAsync("#postcode", "4021");
        await _page.FillAsync("#town", "Bergen");
        await _page.SelectOptionAsync("#country", "Norway");
        await PostAsync(page => page.ButtonNamed("Continue").ClickAsync());

        await Expect(_page.Locator(".facts")).ToContainTextAsync("4021 Bergen");
        await _page.FillAsync("#password", "correct horse battery");
        await PostAsync(page => page.ButtonNamed("Register").ClickAsync());
        await _page.ShowsAsync("#agreed-error", "Agree to the rules, or stay ashore.");
        (await _page.ContentAsync()).ShouldNotContain("correct horse battery");
        await _page.FillAsync("#password", "correct horse battery");
        await _page.GetByLabel("I know that this is a demo").CheckAsync();
        await PostAsync(page => page.ButtonNamed("Register").ClickAsync());

        await Expect(_page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Level = 2, Name = "Welcome aboard, Ada Quay" })).ToBeVisibleAsync();
        await PostAsync(page => page.ButtonNamed("Register somebody else").ClickAsync());
        await _page.HoldsAsync("#name", "");
    }

    [Theory]
    [MemberData(nameof(Lacks))]
    public async Task The_table_is_sorted_filtered_and_cleared(Lack lack)
    {
        await OpenAsync(lack, "table");

        await PostAsync(page => page.ButtonNamed("Tonnes").ClickAsync());
        await PostAsync(page => page.ButtonNamed("Tonnes").ClickAsync());
        await Expect(_page.GetByRole(AriaRole.Columnheader, new PageGetByRoleOptions { Name = "Tonnes" })).ToHaveAttributeAsync("aria-sort", "descending");
        await _page.FillAsync("#filter", "heron");
        await PostAsync(page => page.ButtonNamed("Filter").ClickAsync());
        await Expect(_page.Locator("tbody tr").Filter(new LocatorFilterOptions { HasNotText = "Heron" })).ToHaveCountAsync(0);
        await _page.HoldsAsync("#filter", "heron");
        var vessels = await _page.Locator("tbody th").AllInnerTextsAsync();
        vessels.Count.ShouldBeInRange(3, 30);
        await _page.ShowsAsync(".count", $"{vessels.Count} of 200");

        await PostAsync(page => page.ButtonNamed($"Flag: {vessels[1]}").ClickAsync());
        await Expect(_page.Locator("tbody .flagged th")).ToHaveTextAsync([vessels[1]]);
        await PostAsync(page => page.ButtonNamed($"Delete: {vessels[2]}").ClickAsync());
        await _page.ShowsAsync(".removed th", $"{vessels[2]}: deleted");
        await PostAsync(page => page.ButtonNamed($"Undo: {vessels[2]}").ClickAsync());
        await Expect(_page.Locator("tbody th")).ToHaveTextAsync(vessels);
        await PostAsync(page => page.ButtonNamed($"Archive: {vessels[0]}").ClickAsync());
        await PostAsync(page => page.ButtonNamed("Archived").ClickAsync());
        await Expect(_page.Locator("tbody th")).ToHaveTextAsync([vessels[0]]);
        await PostAsync(page => page.ButtonNamed("Forget all marks").ClickAsync());
        await Expect(_page.Locator("tbody th")).ToHaveCountAsync(0);
        await Expect(_page.GetByText("No arrival is like that.")).ToBeVisibleAsync();
    }

    [Theory]
    [MemberData(nameof(Lacks))]
    public async Task The_other_pages_are_shown(Lack lack)
    {
        await OpenAsync(lack, "home");
        await _page.GetByRole(AriaRole.Navigation).GetByText("Clock").ClickAsync();
        await _page.ShowsAsync("time", new Regex(@"^\d\d:\d\d:\d\d$"));
    }

    [Fact]
    public async Task A_button_whose_row_is_gone_does_nothing_and_the_page_says_so()
    {
        await OpenAsync(Lack.JavaScript, "table");
        var old = _page;
        var vessels = await old.Locator("tbody th").AllInnerTextsAsync();
        _page = await old.Context.NewPageAsync();
        await _page.GotoAsync(old.Url);
        await PostAsync(page => page.ButtonNamed($"Delete: {vessels[0]}").ClickAsync());
        await PostAsync(page => page.ButtonNamed($"Delete: {vessels[1]}").ClickAsync());

        ExpectErrors("409 (Conflict)");
        _page = old;
        await PostAsync(page => page.ButtonNamed($"Flag: {vessels[0]}").ClickAsync());

        await Expect(old.GetByRole(AriaRole.Alert)).ToHaveTextAsync("The page has changed since you saw it, so what you pressed was not done. This is how it is now.");
        await Expect(old.GetByRole(AriaRole.Rowheader, new PageGetByRoleOptions { Name = vessels[0] })).ToHaveCountAsync(0);
        await Expect(old.Locator(".flagged")).ToHaveCountAsync(0);
        await old.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Repository.Root, "artifacts", "screenshots", "table-notice.png") });
    }

    /// <summary>Opens a page in a browser that lacks something.</summary>
    private async Task OpenAsync(Lack lack, string name)
    {
        _lack = lack;
        ExpectFailedConnections();
        var demo = await (lack == Lack.LivePages ? servers.PostingDemoAsync() : servers.DemoAsync());
        var context = await NewContextAsync(new BrowserNewContextOptions { JavaScriptEnabled = lack != Lack.JavaScript });
        _page = await context.NewPageAsync();
        switch (lack)
        {
            case Lack.TheScript:
                await _page.OpenAsync(demo.Of(name));
                await context.RouteAsync(new Regex("/_holdfast/holdfast.js"), route => route.AbortAsync());
                break;
            case Lack.WebSockets:
                await context.RouteWebSocketAsync(new Regex("/_holdfast"), socket => _ = socket.CloseAsync());
                break;
        }

        await _page.GotoAsync(demo.Of(name));
        await ReadyAsync();
    }

    /// <summary>Does what makes the browser post a form, and waits for the page that follows.</summary>
    private async Task PostAsync(Func<IPage, Task> act)
    {
        var loaded = new TaskCompletionSource();
        void Loaded(object? sender, IPage page) => loaded.TrySetResult();
        _page.DOMContentLoaded += Loaded;
        await act(_page);
        await loaded.Task.WaitAsync(Deadline);
        _page.DOMContentLoaded -= Loaded;
        await ReadyAsync();
    }

    /// <summary>A script without a socket leaves forms to the browser once its first attempt has failed.</summary>
    private Task ReadyAsync() => _lack == Lack.WebSockets ? _page.BecomesAsync("forms") : Task.CompletedTask;
}
