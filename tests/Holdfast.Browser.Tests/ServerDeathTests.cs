using Holdfast.Testing.Network;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>What a person sees of a server that dies: nothing that matters.</summary>
public sealed class ServerDeathTests(Browser browser) : BrowserTest(browser)
{
    [Fact]
    public async Task A_page_comes_back_by_itself_with_its_state_and_what_was_half_typed()
    {
        ExpectFailedConnections();
        await using var server = await AppServer.StartTestAppAsync(Deadline);
        await Page.OpenAsync(server.Address + "draft");
        await Page.FillAsync("#draft", "one");
        await Page.ClickAsync("#add");
        await Page.ShowsAsync("#items", "one");
        await Page.BecomesAsync("live");
        await Page.Locator("#draft").PressSequentiallyAsync("half ty");
        await Page.MarkAsync();
        var navigations = 0;
        Page.FrameNavigated += (_, _) => navigations++;

        server.Process.Kill();
        await Page.BecomesAsync("offline");
        await Page.Locator("#draft").PressSequentiallyAsync("ped");
        await server.Process.RestartAsync(cancellationToken: Deadline);
        await Page.BecomesAsync("live");

        await Page.ShowsAsync("#items", "one");
        await Page.HoldsAsync("#draft", "half typed");
        await Expect(Page.Locator("#draft")).ToBeFocusedAsync();
        (await Page.IsMarkedAsync()).ShouldBeTrue();
        navigations.ShouldBe(0);
        await Page.ClickAsync("#add");
        await Expect(Page.Locator("#items li")).ToHaveTextAsync(["one", "half typed"]);
    }

    [Fact]
    public async Task Clicks_made_while_the_server_is_dead_count_once_when_it_is_back()
    {
        ExpectFailedConnections();
        await using var server = await AppServer.StartTestAppAsync(Deadline);
        await Page.OpenAsync(server.Address + "counter");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "1");
        await Page.BecomesAsync("live");

        server.Process.Kill();
        await Page.BecomesAsync("offline");
        await Page.ClickAsync("#up");
        await Page.ClickAsync("#up");
        await Page.BecomesAsync("unsaved");
        await server.Process.RestartAsync(cancellationToken: Deadline);
        await Page.HurryAsync();
        await Page.BecomesAsync("live");

        await Page.ShowsAsync("#count", "3");
    }

    [Fact]
    public async Task A_build_with_one_more_button_takes_clicks_on_the_old_ones_for_what_they_were()
    {
        ExpectFailedConnections();
        await using var server = await AppServer.StartTestAppAsync(Deadline);
        await Page.OpenAsync(server.Address + "build");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "1");
        await Page.BecomesAsync("live");

        server.Process.Kill();
        await Page.BecomesAsync("offline");
        await Page.ClickAsync("#up");
        await server.Process.RestartAsync(options => options with { Arguments = [.. options.Arguments, "--extra-button=true"] }, Deadline);
        await Page.HurryAsync();
        await Page.BecomesAsync("live");

        await Page.ShowsAsync("#news", "This is the newer build.");
        await Page.ShowsAsync("#count", "2");
        await Page.ClickAsync("#ten");
        await Page.ShowsAsync("#count", "12");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "13");
    }

    [Fact]
    public async Task A_click_on_a_button_that_the_next_build_has_not_reaches_no_other()
    {
        ExpectFailedConnections();
        await using var server = await AppServer.StartTestAppAsync(Deadline, "--extra-button=true");
        await Page.RecordAsync("holdfast:error");
        await Page.OpenAsync(server.Address + "build");
        await Page.ClickAsync("#ten");
        await Page.ShowsAsync("#count", "10");
        await Page.BecomesAsync("live");

        server.Process.Kill();
        await Page.BecomesAsync("offline");
        await Page.ClickAsync("#ten");
        await Page.ClickAsync("#up");
        await server.Process.RestartAsync(options => options with { Arguments = [.. options.Arguments, "--extra-button=false"] }, Deadline);
        await Page.HurryAsync();
        await Page.BecomesAsync("live");

        await Page.ShowsAsync("#count", "11");
        await Expect(Page.Locator("#ten")).ToHaveCountAsync(0);
        (await Page.RecordedAsync("code")).ShouldBe(["stale"]);
        await Expect(Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("The last action did not succeed.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_typed_is_what_an_event_in_flight_adds_after_the_death(bool isChangeSettled)
    {
        ExpectFailedConnections();
        await using var server = await AppServer.StartTestAppAsync(Deadline);
        await using var proxy = FaultProxy.Start(server.Process.Port);
        await Page.OpenAsync($"http://127.0.0.1:{proxy.Port}/draft");
        await Page.FillAsync("#draft", "typed");
        if (isChangeSettled)
        {
            await Page.PressAsync("#draft", "Tab");
            await Page.BecomesAsync("live");
        }

        proxy.Hold(Direction.ToServer);
        await Page.ClickAsync("#add");
        await Page.BecomesAsync("saving");
        server.Process.Kill();
        await Page.BecomesAsync("unsaved");
        proxy.Release(Direction.ToServer);
        await server.Process.RestartAsync(cancellationToken: Deadline);
        await Page.HurryAsync();
        await Page.BecomesAsync("live");

        await Expect(Page.Locator("#items li")).ToHaveTextAsync(["typed"]);
        await Page.HoldsAsync("#draft", "");
    }

    [Fact]
    public async Task An_event_that_kills_the_server_twice_is_shown_as_failed_and_the_others_go_on()
    {
        ExpectFailedConnections();
        await using var server = await AppServer.StartTestAppAsync(Deadline);
        await Page.RecordAsync("holdfast:error");
        var frames = new FrameLog(Page);
        await Page.OpenAsync(server.Address + "poison");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "1");
        await Page.BecomesAsync("live");
        var address = (await Page.GetAttributeAsync("#die", "data-hf"))!.Split(':')[1];

        await Page.ClickAsync("#die");
        await Page.BecomesAsync("unsaved");
        await Page.ClickAsync("#up");
        await server.Process.RestartAsync(cancellationToken: Deadline);
        await Page.HurryAsync();
        await server.Process.WaitForExitAsync(Deadline);
        await server.Process.RestartAsync(cancellationToken: Deadline);
        await Page.HurryAsync();
        await Page.BecomesAsync("live");

        await Page.ShowsAsync("#count", "2");
        frames.Sent("event").Count(frame => frame[3].GetString() == address).ShouldBe(2);
        (await Page.RecordedAsync("code")).ShouldBe(["failed"]);
        await Expect(Page.GetByRole(AriaRole.Status)).ToHaveTextAsync("The last action did not succeed.");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "3");
    }

    /// <summary>Clicks go on all the time; the server is killed whenever it happens to be joined.</summary>
    [Fact]
    public async Task Random_deaths_during_a_stream_of_clicks_lose_none_and_double_none()
    {
        var deaths = Environment.GetEnvironmentVariable("HOLDFAST_LONG") == "1" ? 50 : 5;
        var random = new Random(20_261);
        ExpectFailedConnections();
        await using var server = await AppServer.StartTestAppAsync(CancellationToken.None);
        await Page.OpenAsync(server.Address + "counter");
        await Page.EvaluateAsync(
            """
            () => {
                window.clicks = 0;
                const click = () => {
                    const up = document.querySelector('#up');
                    if (!up.inert && !up.closest('[inert]') && !window.stopped) {
                        up.click();
                        window.clicks++;
                    }
                };
                setInterval(click, 20);
            }
            """);

        for (var death = 0; death < deaths; death++)
        {
            var more = random.Next(1, 15);
            await Page.WaitForFunctionAsync(
                $"clicks => Number(document.querySelector('#count').textContent) > clicks + {more}", await CountAsync());
            server.Process.Kill();
            await server.Process.RestartAsync();
            await Page.HurryAsync();
        }

        var clicks = await Page.EvaluateAsync<int>("() => { window.stopped = true; return window.clicks; }");
        await Page.BecomesAsync("live");
        await Page.ShowsAsync("#count", clicks.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await Page.ReloadAsync();
        await Page.BecomesAsync("live");
        await Page.ShowsAsync("#count", clicks.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private Task<int> CountAsync() => Page.EvaluateAsync<int>("() => Number(document.querySelector('#count').textContent)");
}
