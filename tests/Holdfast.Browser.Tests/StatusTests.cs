using System.Text.RegularExpressions;
using Holdfast.Testing.Network;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>What a page says of its connection, and what it does to keep a person from losing events.</summary>
public sealed class StatusTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    private FaultProxy _proxy = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        ExpectFailedConnections();
        _proxy = FaultProxy.Start((await servers.TestAppAsync()).Process.Port);
        await Page.AddInitScriptAsync(
            """
            window.statuses = [];
            document.addEventListener('holdfast:status', ({ detail }) => window.statuses.push(detail));
            window.leaveListeners = 0;
            const { addEventListener, removeEventListener } = window;
            window.addEventListener = function (name, ...rest) { if (name === 'beforeunload') window.leaveListeners++; return addEventListener.call(this, name, ...rest); };
            window.removeEventListener = function (name, ...rest) { if (name === 'beforeunload') window.leaveListeners--; return removeEventListener.call(this, name, ...rest); };
            """);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _proxy.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_click_is_shown_as_saving_until_it_is_acked_and_nothing_is_announced()
    {
        await OpenAsync();
        _proxy.Hold(Direction.ToClient);

        await Page.ClickAsync("#up");
        await Page.BecomesAsync("saving");
        _proxy.Release(Direction.ToClient);
        await Page.BecomesAsync("live");

        (await Page.EvaluateAsync<string[]>("() => statuses")).ShouldBe(["live", "saving", "live"]);
        await Expect(Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("");
        await Page.ShowsAsync("#count", "1");
    }

    [Fact]
    public async Task What_is_not_acked_for_three_seconds_is_unsaved_and_said_so()
    {
        await OpenAsync();
        _proxy.Hold(Direction.ToClient);

        await Page.ClickAsync("#up");
        await Page.BecomesAsync("unsaved");
        await Expect(Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Changes are not saved yet.");
        _proxy.Release(Direction.ToClient);
        await Page.BecomesAsync("live");

        await Expect(Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected again. All changes are saved.");
    }

    [Fact]
    public async Task A_lost_connection_is_offline_after_a_second_and_unsaved_at_once_when_an_event_waits()
    {
        await OpenAsync();

        _proxy.Refuse();
        _proxy.Cut();
        await Page.BecomesAsync("offline");
        await Expect(Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("The connection is lost. Trying to reconnect.");
        await Page.ClickAsync("#up");
        await Page.BecomesAsync("unsaved");
        _proxy.Accept();
        await Page.HurryAsync();
        await Page.BecomesAsync("live");

        await Page.ShowsAsync("#count", "1");
        (await Page.EvaluateAsync<string[]>("() => statuses")).Where(status => status != "saving").ShouldBe(["live", "offline", "unsaved", "live"]);
    }

    [Fact]
    public async Task Leaving_is_asked_about_only_while_something_is_unsaved()
    {
        await OpenAsync();
        (await ListenersAsync()).ShouldBe(0);
        _proxy.Hold(Direction.ToServer);
        await Page.ClickAsync("#up");
        await Page.BecomesAsync("saving");
        (await ListenersAsync()).ShouldBe(1);

        var asked = new TaskCompletionSource<IDialog>();
        Page.Dialog += (_, dialog) => asked.TrySetResult(dialog);
        var leaving = Page.EvaluateAsync("() => { setTimeout(() => location.assign('/plain'), 0); }");
        var question = await asked.Task.WaitAsync(Deadline);
        question.Type.ShouldBe("beforeunload");
        await question.DismissAsync();
        await leaving;

        _proxy.Release(Direction.ToServer);
        await Page.BecomesAsync("live");
        (await ListenersAsync()).ShouldBe(0);
        await Page.ShowsAsync("#count", "1");
        await Page.GotoAsync(Address("plain"));
        await Page.ShowsAsync("#title", "Nothing is kept");
    }

    [Fact]
    public async Task A_page_with_a_hundred_waiting_events_takes_no_more_until_they_are_saved()
    {
        await OpenAsync();
        _proxy.Hold(Direction.ToServer);

        await Page.ClickByScriptAsync("#up", 99);
        await Expect(Page.Locator("#up")).Not.ToHaveAttributeAsync("inert", "");
        await Page.ClickByScriptAsync("#up", 1);
        await Expect(Page.Locator("#up")).ToHaveAttributeAsync("inert", "");
        var box = (await Page.Locator("#up").BoundingBoxAsync())!;
        await Page.Mouse.ClickAsync(box.X + (box.Width / 2), box.Y + (box.Height / 2));
        await Page.ClickByScriptAsync("#up", 1);

        _proxy.Release(Direction.ToServer);
        await Page.BecomesAsync("live");
        await Page.ShowsAsync("#count", "100");
        await Expect(Page.Locator("[inert]")).ToHaveCountAsync(0);
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "101");
    }

    [Fact]
    public async Task A_barred_page_that_lost_its_socket_is_barred_until_all_is_saved_and_not_repaired()
    {
        await Page.RecordAsync("holdfast:repaired");
        await OpenAsync();
        _proxy.Refuse();
        _proxy.Cut();
        await Page.BecomesAsync("offline");
        await Page.ClickByScriptAsync("#up", 100);
        await Expect(Page.Locator("#up")).ToHaveAttributeAsync("inert", "");

        _proxy.Accept();
        await Page.HurryAsync();
        await Page.BecomesAsync("live");

        await Page.ShowsAsync("#count", "100");
        await Expect(Page.Locator("[inert]")).ToHaveCountAsync(0);
        (await Page.RecordedAsync("found")).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_live_region_is_polite_and_not_seen()
    {
        await OpenAsync();

        var region = Page.GetByRole(AriaRole.Status);
        await Expect(region).ToHaveAttributeAsync("aria-live", "polite");
        (await region.BoundingBoxAsync())!.Width.ShouldBeLessThanOrEqualTo(1);
        await Expect(Page.Locator("html")).ToHaveAttributeAsync("data-holdfast", new Regex("live"));
    }

    [Fact]
    public async Task Each_state_is_said_once_and_not_again_at_every_event()
    {
        await OpenAsync();
        await Page.EvaluateAsync(
            """
            () => {
                window.said = [];
                const region = document.querySelector('[role=status]');
                new MutationObserver(records => records.forEach(() => said.push(region.textContent))).observe(region, { childList: true, characterData: true, subtree: true });
            }
            """);

        // Events that are saved in time are not spoken of, however many there are.
        await Page.ClickByScriptAsync("#up", 5);
        await Page.ShowsAsync("#count", "5");
        await Page.BecomesAsync("live");
        (await SaidAsync()).ShouldBeEmpty();

        _proxy.Hold(Direction.ToClient);
        await Page.ClickByScriptAsync("#up", 1);
        await Page.BecomesAsync("unsaved");
        await Page.ClickByScriptAsync("#up", 4);
        _proxy.Refuse();
        _proxy.Cut();
        _proxy.Release(Direction.ToClient);
        await Page.ClickByScriptAsync("#up", 2);
        _proxy.Accept();
        await Page.HurryAsync();
        await Page.BecomesAsync("live");
        await Page.ShowsAsync("#count", "12");
        await Page.ClickByScriptAsync("#up", 3);
        await Page.ShowsAsync("#count", "15");
        await Page.BecomesAsync("live");

        (await SaidAsync()).ShouldBe(["Changes are not saved yet.", "Connected again. All changes are saved."]);

        Task<string[]> SaidAsync() => Page.EvaluateAsync<string[]>("() => said");
    }

    private Task OpenAsync() => Page.OpenAsync(Address("counter"));

    private string Address(string page) => $"http://127.0.0.1:{_proxy.Port}/{page}";

    private Task<int> ListenersAsync() => Page.EvaluateAsync<int>("() => leaveListeners");
}
