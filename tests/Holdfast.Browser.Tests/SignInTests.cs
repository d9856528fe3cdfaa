namespace Holdfast.Browser.Tests;

/// <summary>What a person sees of signing in and out: in the tab where it is done, and in the others.</summary>
public sealed class SignInTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    [Fact]
    public async Task What_a_visitor_did_and_typed_is_there_after_the_sign_in_and_the_other_tab_goes_on_without_a_reload()
    {
        var address = await AddressAsync();
        var other = await Context.NewPageAsync();
        await Page.OpenAsync(address + "counter");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "1");
        await other.OpenAsync(address + "counter");
        await other.MarkAsync();

        await Page.GotoAsync(address + "sign-in/ada");
        await Page.OpenAsync(address + "counter");
        await Page.ShowsAsync("#count", "1");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "2");
        await other.ClickAsync("#up");
        await other.ShowsAsync("#count", "3");
        await other.BecomesAsync("live");
        (await other.IsMarkedAsync()).ShouldBeTrue();
    }

    [Fact]
    public async Task At_a_sign_out_the_other_tab_loads_anew_with_nothing_of_the_users()
    {
        var address = await AddressAsync();
        await Page.GotoAsync(address + "sign-in/ada");
        var other = await Context.NewPageAsync();
        await other.OpenAsync(address + "counter");
        await other.ClickAsync("#up");
        await other.ShowsAsync("#count", "1");
        await other.BecomesAsync("live");
        await other.MarkAsync();

        await Page.GotoAsync(address + "sign-out");
        await other.ShowsAsync("#count", "0");
        await other.BecomesAsync("live");
        (await other.IsMarkedAsync()).ShouldBeFalse();
        await Page.OpenAsync(address + "counter");
        await Page.ShowsAsync("#count", "0");
    }

    [Fact]
    public async Task A_view_that_is_cleared_begins_anew_in_both_tabs()
    {
        var address = await AddressAsync() + "clearing";
        var other = await Context.NewPageAsync();
        await Page.OpenAsync(address);
        await other.OpenAsync(address);
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#shown", "101|11");
        await other.ClickAsync("#up");
        await other.ShowsAsync("#shown", "102|11");
        await Page.ClickAsync("#clear");
        await Page.ShowsAsync("#shown", "100|10");
        await other.ShowsAsync("#shown", "100|10");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#shown", "101|11");
        await Page.BecomesAsync("live");
        await other.BecomesAsync("live");
    }

    private async Task<string> AddressAsync() => (await servers.TestAppAsync()).Address;
}
