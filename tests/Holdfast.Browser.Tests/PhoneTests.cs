using System.Globalization;
using Holdfast.Testing.Network;

namespace Holdfast.Browser.Tests;

/// <summary>A phone that slept: no network, no socket, and on the server no instance any more.</summary>
public sealed class PhoneTests(Browser browser) : BrowserTest(browser)
{
    [Theory]
    [InlineData("00:00:00")]
    [InlineData("00:10:30")]
    public async Task A_page_that_slept_ten_minutes_comes_back_when_the_network_does_and_its_event_counts_once(string graceTime)
    {
        ExpectFailedConnections();
        await using var server = await AppServer.StartTestAppAsync(Deadline, $"--Holdfast:GraceTime={graceTime}");
        await using var proxy = FaultProxy.Start(server.Process.Port);
        await Page.Clock.InstallAsync();
        await Page.RecordAsync("holdfast:joined");
        await Page.OpenAsync($"http://127.0.0.1:{proxy.Port}/sleeper");
        await Page.MarkAsync();

        // The event arrives and is stored; its ack is lost.
        proxy.Hold(Direction.ToClient);
        await Page.ClickAsync("#up");
        await StoredAsync(server, 1);

        // The network goes, and the phone sleeps.
        await Context.SetOfflineAsync(true);
        proxy.Refuse();
        proxy.Cut();
        proxy.Release(Direction.ToClient);
        await Page.BecomesAsync("unsaved");
        await Page.Clock.FastForwardAsync("10:00");
        await Page.Clock.PauseAtAsync(DateTime.UtcNow.AddMinutes(20));
        await Page.ClickAsync("#up");
        if (graceTime == "00:00:00")
        {
            await GoneAsync(server);
        }

        // No timer of the page runs any more: that it comes back is because of the event 'online'.
        proxy.Accept();
        await Context.SetOfflineAsync(false);
        await Page.BecomesAsync("live");

        await Page.ShowsAsync("#count", "2");
        await StoredAsync(server, 2);
        (await Page.IsMarkedAsync()).ShouldBeTrue();
        (await Page.RecordedAsync("found")).ShouldBe(["new", graceTime == "00:00:00" ? "restored" : "recovered"]);
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "3");
    }

    [Fact]
    public async Task A_network_that_swallows_everything_is_noticed_when_the_page_is_shown_again()
    {
        ExpectFailedConnections();
        await using var server = await AppServer.StartTestAppAsync(Deadline);
        await using var proxy = FaultProxy.Start(server.Process.Port);
        await Page.Clock.InstallAsync();
        await Page.OpenAsync($"http://127.0.0.1:{proxy.Port}/sleeper");
        foreach (var connection in proxy.Connections)
        {
            connection.Drops = true;
        }

        await Page.ClickAsync("#up");
        await Page.BecomesAsync("saving");
        await Page.Clock.FastForwardAsync("00:10");
        await Page.BecomesAsync("unsaved");

        await Page.EvaluateAsync("() => { document.dispatchEvent(new Event('visibilitychange')); }");
        await Page.Clock.FastForwardAsync("00:06");

        await Page.BecomesAsync("live");
        await Page.ShowsAsync("#count", "1");
    }

    /// <summary>Waits until the store has this count, as another page of the session would show it.</summary>
    private Task StoredAsync(AppServer server, int count)
    {
        var wanted = string.Create(CultureInfo.InvariantCulture, $"<span id=\"count\">{count}</span>");
        return AskUntilAsync(server, html => html.Contains(wanted));
    }

    /// <summary>Waits until nothing but what is stored remains of the page.</summary>
    private Task GoneAsync(AppServer server) => AskUntilAsync(server, _ => server.Process.Output.Contains("An instance of /sleeper is gone."));

    private async Task AskUntilAsync(AppServer server, Func<string, bool> isReached)
    {
        for (var deadline = Deadline; ;)
        {
            deadline.ThrowIfCancellationRequested();
            var response = await Context.APIRequest.GetAsync(server.Address + "sleeper");
            if (isReached(await response.TextAsync()))
            {
                return;
            }
        }
    }
}
