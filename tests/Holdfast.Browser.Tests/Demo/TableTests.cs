using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests.Demo;

/// <summary>The table: rows move and go, and none is written anew.</summary>
public sealed class TableTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    [Fact]
    public async Task Sorting_moves_every_row_and_rewrites_none()
    {
        await OpenAsync();
        await TagAsync();

        await Page.ButtonNamed("Tonnes").ClickAsync();
        await SortedAsync("Tonnes", "ascending");
        var ascending = await TonnesAsync();
        await Page.ButtonNamed("Tonnes").ClickAsync();
        await SortedAsync("Tonnes", "descending");
        var descending = await TonnesAsync();

        ascending.Length.ShouldBe(200);
        ascending.ShouldBe(ascending.Order());
        descending.ShouldBe(descending.OrderDescending());
        (await TaggedAsync()).ShouldBe(200);
    }

    [Fact]
    public async Task Columns_are_sorted_from_the_keyboard_and_the_focus_stays()
    {
        await OpenAsync();

        await Page.ButtonNamed("Cargo").FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await SortedAsync("Cargo", "ascending");
        await Page.Keyboard.PressAsync("Tab");
        await Page.Keyboard.PressAsync("Space");
        await SortedAsync("From", "ascending");

        await Expect(Page.ButtonNamed("From")).ToBeFocusedAsync();
        await Expect(Page.Locator("[aria-sort]")).ToHaveCountAsync(1);
        var from = await Page.Locator("tbody .from").AllInnerTextsAsync();
        from.First().ShouldBe("Aarhus");
        from.Last().ShouldBe("Valparaíso");
    }

    [Fact]
    public async Task Typing_into_the_filter_removes_the_other_rows_and_leaves_these_as_they_are()
    {
        await OpenAsync();
        await TagAsync();

        await Page.Locator("#filter").PressSequentiallyAsync("valparaiso");
        await Expect(Page.Locator("tbody tr").Filter(new LocatorFilterOptions { HasNotText = "Valparaíso" })).ToHaveCountAsync(0);

        var shown = await Page.Locator("tbody tr").CountAsync();
        shown.ShouldBeInRange(5, 50);
        (await TaggedAsync()).ShouldBe(shown);
        await Page.ShowsAsync(".count", $"{shown} of 200");
        await Expect(Page.Locator("#filter")).ToBeFocusedAsync();
        await Page.FillAsync("#filter", "");
        await Expect(Page.Locator("tbody tr")).ToHaveCountAsync(200);
        (await TaggedAsync()).ShouldBe(shown);
    }

    [Fact]
    public async Task A_rows_buttons_are_for_that_row_wherever_it_went()
    {
        await OpenAsync();
        await Page.ButtonNamed("Vessel").ClickAsync();
        await SortedAsync("Vessel", "ascending");
        var vessels = await VesselsAsync();

        await Page.ButtonNamed($"Flag: {vessels[7]}").ClickAsync();
        await Page.ButtonNamed("Vessel").ClickAsync();
        await SortedAsync("Vessel", "descending");
        await Expect(Page.ButtonNamed($"Flag: {vessels[7]}")).ToHaveAttributeAsync("aria-pressed", "true");
        await Expect(Page.Locator("tbody tr.flagged")).ToHaveCountAsync(1);
        await Page.ButtonNamed($"Archive: {vessels[20]}").ClickAsync();
        await Page.ShowsAsync(".removed th", $"{vessels[20]}: archived");
        await Page.ButtonNamed($"Delete: {vessels[30]}").ClickAsync();
        await Page.ShowsAsync(".removed th", $"{vessels[30]}: deleted");
        await Page.ShowsAsync(".count", "198 of 200");
        await Page.ButtonNamed("Archived").ClickAsync();

        await Expect(Page.Locator("tbody th")).ToHaveTextAsync([vessels[20]]);
        await Page.ButtonNamed("Flagged").ClickAsync();
        await Expect(Page.Locator("tbody th")).ToHaveTextAsync([vessels[7]]);
        await Page.ButtonNamed("Expected").ClickAsync();
        await Expect(Page.Locator("tbody th")).ToHaveTextAsync(vessels.Where((_, index) => index is not (20 or 30)).Reverse());
    }

    [Fact]
    public async Task What_was_deleted_is_put_back_where_it_was_and_the_keyboard_goes_on_there()
    {
        await OpenAsync();
        var vessels = await VesselsAsync();

        await Page.ButtonNamed($"Delete: {vessels[4]}").FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Page.ButtonNamed($"Undo: {vessels[4]}")).ToBeFocusedAsync();
        await Page.Keyboard.PressAsync("Enter");

        await Expect(Page.ButtonNamed($"Flag: {vessels[4]}")).ToBeFocusedAsync();
        await Expect(Page.Locator("tbody th")).ToHaveTextAsync(vessels);
        await Page.ShowsAsync(".count", "200 of 200");
    }

    [Fact]
    public async Task Order_filter_marks_and_what_can_be_undone_survive_a_reload_and_the_death_of_the_server()
    {
        ExpectFailedConnections();
        await using var demo = await AppServer.StartDemoAsync(Deadline);
        await Page.OpenAsync(demo.Of("table"));
        await Page.ButtonNamed("Cargo").ClickAsync();
        await Page.Locator("#filter").PressSequentiallyAsync("heron");
        await Expect(Page.Locator("tbody tr").Filter(new LocatorFilterOptions { HasNotText = "Heron" })).ToHaveCountAsync(0);
        var vessels = await VesselsAsync();
        await Page.ButtonNamed($"Flag: {vessels[0]}").ClickAsync();
        await Page.ButtonNamed($"Delete: {vessels[1]}").ClickAsync();
        await Expect(Page.Locator("tbody tr.removed")).ToHaveCountAsync(1);
        await Page.BecomesAsync("live");

        demo.Process.Kill();
        await demo.Process.RestartAsync(cancellationToken: Deadline);
        await Page.ReloadAsync();
        await Page.BecomesAsync("live");

        await Page.ShowsAsync(".origin", "Restored order, filter and marks.");
        await Page.HoldsAsync("#filter", "heron");
        await SortedAsync("Cargo", "ascending");
        await Expect(Page.Locator("tbody tr.flagged th")).ToHaveTextAsync([vessels[0]]);
        await Page.ButtonNamed($"Undo: {vessels[1]}").ClickAsync();
        await Expect(Page.Locator("tbody th")).ToHaveTextAsync(vessels);
    }

    private async Task OpenAsync() => await Page.OpenAsync((await servers.DemoAsync()).Of("table"));

    /// <summary>Marks each row's node with its vessel. A node that is made later has no mark.</summary>
    private Task TagAsync() => Page.EvaluateAsync("() => document.querySelectorAll('tbody tr').forEach(row => { row.tag = row.querySelector('th').textContent; })");

    /// <summary>How many rows are the nodes that were marked, and still show that vessel.</summary>
    private Task<int> TaggedAsync() =>
        Page.EvaluateAsync<int>("() => [...document.querySelectorAll('tbody tr')].filter(row => row.tag && row.tag === row.querySelector('th').textContent).length");

    private Task SortedAsync(string column, string order) =>
        Expect(Page.GetByRole(AriaRole.Columnheader, new PageGetByRoleOptions { Name = column })).ToHaveAttributeAsync("aria-sort", order);

    private Task<int[]> TonnesAsync() =>
        Page.EvaluateAsync<int[]>("() => [...document.querySelectorAll('tbody .tonnes')].map(cell => Number(cell.textContent.replace(',', '')))");

    private async Task<IReadOnlyList<string>> VesselsAsync() => await Page.Locator("tbody th").AllInnerTextsAsync();
}
