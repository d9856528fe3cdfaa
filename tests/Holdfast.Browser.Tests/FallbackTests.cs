using System.Text.RegularExpressions;
using Holdfast.Testing.Network;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>A browser that runs the script and gets no socket: what was done before the page knew, and how it goes on by POST.</summary>
public sealed class FallbackTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    /// <summary>Why there is no socket: whether HTTP answers.</summary>
    private readonly TaskCompletionSource<bool> _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _address = "";
    private int _posts;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        ExpectFailedConnections();
        _address = (await servers.TestAppAsync()).Address;
        Context.Request += (_, request) => _posts += request.Method == "POST" ? 1 : 0;
    }

    [Fact]
    public async Task A_click_before_the_decision_counts_once()
    {
        await OpenUndecidedAsync("counter");

        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "0");
        _decided.SetResult(true);

        await Page.ShowsAsync("#count", "1");
        await Page.BecomesAsync("forms");
        await Page.ShowsAsync("#count", "1");
        _posts.ShouldBe(1);
    }

    [Fact]
    public async Task Three_fast_clicks_before_the_decision_count_three_times()
    {
        await OpenUndecidedAsync("counter");

        await Page.ClickByScriptAsync("#up", 3);
        _decided.SetResult(true);

        await Page.ShowsAsync("#count", "3");
        await Page.BecomesAsync("forms");
        _posts.ShouldBe(3);
    }

    [Fact]
    public async Task A_socket_that_comes_after_all_takes_the_clicks_and_nothing_is_posted()
    {
        await OpenUndecidedAsync("counter");
        await Page.ClickByScriptAsync("#up", 2);
        await AllowSocketsAsync();

        await Page.BecomesAsync("live");

        await Page.ShowsAsync("#count", "2");
        _posts.ShouldBe(0);
    }

    [Fact]
    public async Task What_was_typed_before_the_decision_arrives_with_the_click()
    {
        await OpenUndecidedAsync("posts/controls");

        await Page.FillAsync("#text", "typed early");
        await Page.Locator("#text").PressAsync("Enter"); // Submits nothing, as in a live page.
        await Page.CheckAsync("#box");
        await Page.SelectOptionAsync("#colour", "green");
        await Page.ClickAsync("#save");
        _decided.SetResult(true);

        await Page.ShowsAsync("#shown", "typed early|1|2026-01-31|a/b|True|True|small|green|mon|1");
        _posts.ShouldBe(1);
    }

    [Fact]
    public async Task What_was_typed_stays_in_the_page_when_nothing_was_pressed()
    {
        await OpenUndecidedAsync("posts/controls");
        await Page.MarkAsync();

        await Page.FillAsync("#text", "not yet saved");
        _decided.SetResult(true);
        await Page.BecomesAsync("forms");
        await Page.HoldsAsync("#text", "not yet saved");
        (await Page.IsMarkedAsync()).ShouldBeTrue();
        await Page.ClickAsync("#save");

        await Page.ShowsAsync("#shown", new Regex(@"^not yet saved\|.*\|1$"));
    }

    [Fact]
    public async Task A_form_that_was_sent_before_the_decision_comes_back_with_its_messages_and_what_was_typed()
    {
        await OpenUndecidedAsync("posts/letter");

        await Page.FillAsync("#to", "Ada");
        await Page.ClickAsync("#send");
        _decided.SetResult(true);

        await Expect(Page.GetByText("What?").First).ToBeVisibleAsync();
        await Page.BecomesAsync("forms");
        await Page.HoldsAsync("#to", "Ada");
        await Page.FillAsync("#body", "Come.");
        await Page.Locator("#to").PressAsync("Enter");
        await Page.ShowsAsync("#sent", "Ada:Come.:False:thin");
        _posts.ShouldBe(2);
    }

    [Fact]
    public async Task A_button_that_does_not_submit_its_form_does_not_before_the_decision_either()
    {
        await OpenUndecidedAsync("posts/letter");

        await Page.ClickAsync("#clear");
        await Page.ClickAsync("#plain");
        _decided.SetResult(true);

        await Page.ShowsAsync("#cleared", "2");
        await Page.ShowsAsync("#step", "0");
        _posts.ShouldBe(2);
    }

    [Fact]
    public async Task A_handler_that_fails_is_shown_by_its_answer()
    {
        ExpectErrors("status of 500");
        await OpenUndecidedAsync("posts/letter");

        await Page.ClickAsync("#fail");
        var answer = Page.WaitForResponseAsync(response => response.Request.Method == "POST");
        _decided.SetResult(true);

        (await answer).Status.ShouldBe(500);
    }

    [Fact]
    public async Task Members_of_the_tab_survive_clicks_before_and_after_the_decision()
    {
        await OpenUndecidedAsync("scopes");

        await Page.ClickByScriptAsync("#all", 2);
        _decided.SetResult(true);
        await ShowsAsync(2, 2);
        await Page.BecomesAsync("forms");
        await Page.ClickAsync("#all");
        await ShowsAsync(3, 3);
        await Page.BecomesAsync("forms");
        await Page.GotoAsync(_address + "plain");
        await Page.GotoAsync(_address + "scopes");
        await Page.BecomesAsync("forms");
        await Page.ClickAsync("#tab-up");

        await ShowsAsync(3, 4); // The POST names the tab.

        Task ShowsAsync(int session, int tab) => Expect(Page.Locator("#session, #tab")).ToHaveTextAsync([$"{session}", $"{tab}"]);
    }

    [Fact]
    public async Task After_the_decision_the_browser_posts_and_the_next_page_does_so_at_once()
    {
        await OpenUndecidedAsync("counter");
        _decided.SetResult(true);
        await Page.BecomesAsync("forms");
        await Expect(Page.GetByRole(AriaRole.Status)).Not.ToHaveTextAsync("Changes are not saved yet.");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "1");

        // From now on nothing answers whether a socket can be had: what the tab remembers decides.
        await Context.RouteAsync("**/_holdfast", _ => { });
        for (var count = 2; count <= 4; count++)
        {
            await Page.ReloadAsync();
            await Page.BecomesAsync("forms");
            await Page.ClickAsync("#up");
            await Page.ShowsAsync("#count", $"{count}");
        }

        _posts.ShouldBe(4);
    }

    [Fact]
    public async Task The_page_becomes_live_when_sockets_are_allowed_and_the_tab_forgets()
    {
        await OpenUndecidedAsync("counter");
        await Page.ClickAsync("#up");
        _decided.SetResult(true);
        await Page.ShowsAsync("#count", "1");
        await Page.BecomesAsync("forms");
        await Page.MarkAsync();

        await AllowSocketsAsync();
        await Page.BecomesAsync("live");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "2");

        (await Page.IsMarkedAsync()).ShouldBeTrue();
        _posts.ShouldBe(1);
        (await Page.EvaluateAsync<string>("() => sessionStorage.getItem('holdfast-forms')")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_socket_that_is_never_answered_is_not_waited_for_longer_than_five_seconds()
    {
        await using var proxy = FaultProxy.Start((await servers.TestAppAsync()).Process.Port);
        proxy.Hold(Direction.ToServer);
        await LeadSocketsToAsync($"ws://127.0.0.1:{proxy.Port}/_holdfast");
        await Page.GotoAsync(_address + "counter");

        await Page.ClickByScriptAsync("#up", 2);

        await Page.BecomesAsync("forms"); // The page that follows, after five seconds.
        await Page.ShowsAsync("#count", "2");
        proxy.Connections.ShouldNotBeEmpty();
        _posts.ShouldBe(2);
    }

    [Fact]
    public async Task A_server_that_takes_no_more_sockets_is_used_by_POST()
    {
        await using var server = await AppServer.StartTestAppAsync(Deadline, "--Holdfast:MaxConnections=1");
        var other = await (await NewContextAsync()).NewPageAsync();
        await other.OpenAsync(server.Address + "counter");
        ExpectErrors("503 (Service Unavailable)");

        await Page.GotoAsync(server.Address + "counter");
        await Page.BecomesAsync("forms");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "1");
        await Page.BecomesAsync("forms");
        await other.CloseAsync();

        await Page.BecomesAsync("live");
        await Page.ShowsAsync("#count", "1");
    }

    /// <summary>Opens a page that is refused its socket, and is not told why until <see cref="_decided"/>.</summary>
    private async Task OpenUndecidedAsync(string page)
    {
        await LeadSocketsToAsync(_address.Replace("http", "ws", StringComparison.Ordinal) + "no-sockets-here");
        var asks = new TaskCompletionSource();
        await Context.RouteAsync("**/_holdfast", async route =>
        {
            asks.TrySetResult();
            await (await _decided.Task ? route.ContinueAsync() : route.AbortAsync());
        });
        await Page.GotoAsync(_address + page);
        await asks.Task.WaitAsync(Deadline);
    }

    private Task LeadSocketsToAsync(string address) => Context.AddInitScriptAsync(
        $$"""
        window.WebSocket = class extends WebSocket {
            constructor(url) { super(localStorage.getItem('sockets') ? url : '{{address}}'); }
        };
        """);

    private async Task AllowSocketsAsync()
    {
        await Page.EvaluateAsync("() => localStorage.setItem('sockets', 'allowed')");
        _decided.TrySetResult(false);
        await Page.HurryAsync();
    }
}
