using System.Text.Json;
using Holdfast.Testing.Network;

namespace Holdfast.Browser.Tests;

/// <summary>A tab whose process is gone without a farewell, as when a browser discards it for its memory, and that is loaded again when it is looked at.</summary>
public sealed class DiscardedTabTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    /// <summary>Keeps what the document sends.</summary>
    private const string Record =
        """
        window.sent = [];
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (text) { sent.push(JSON.parse(text)); return send.call(this, text); };
        """;

    private ICDPSession _devTools = null!;

    [Fact]
    public async Task A_discarded_tab_comes_back_with_all_that_was_acked_and_its_refs_start_anew()
    {
        await OpenAsync((await servers.TestAppAsync()).Address + "scopes");
        await Page.ClickAsync("#all");
        await Page.ClickAsync("#all");
        await Page.ShowsAsync("#tab", "2");
        await Page.BecomesAsync("live");
        var before = await JoinAsync();

        await DiscardAsync();
        await UntilAsync("document.documentElement.dataset.holdfast === 'live'");

        (await ShownAsync()).ShouldBe("2 2 2 0");
        var after = await JoinAsync();
        after.GetProperty("nav").GetString().ShouldBe("reload");
        after.GetProperty("tab").GetString().ShouldBe(before.GetProperty("tab").GetString());
        after.GetProperty("doc").GetString().ShouldNotBe(before.GetProperty("doc").GetString());
        after.GetProperty("next").GetInt64().ShouldBe(1);
        await EvaluateAsync("document.querySelector('#all').click()");
        await UntilAsync("document.querySelector('#tab').textContent === '3' && document.documentElement.dataset.holdfast === 'live'");
        (await ShownAsync()).ShouldBe("3 3 3 1");
        (await EvaluateAsync("JSON.stringify(sent.filter(([kind]) => kind === 'event').map(([, ref]) => ref))")).GetString().ShouldBe("[1]");
    }

    [Fact]
    public async Task An_event_whose_ack_a_discarded_tab_did_not_hear_counts_once()
    {
        await using var proxy = FaultProxy.Start((await servers.TestAppAsync()).Process.Port);
        var address = $"http://127.0.0.1:{proxy.Port}/scopes";
        await OpenAsync(address);
        await Page.ClickAsync("#all");
        await Page.ShowsAsync("#tab", "1");
        await Page.BecomesAsync("live");

        // The event arrives and is stored, which another tab sees; its patch and its ack are on the way when the tab goes.
        proxy.Hold(Direction.ToClient);
        await Page.ClickAsync("#all");
        await Page.BecomesAsync("saving");
        await StoredAsync("<p id=\"session\">2</p>");
        await DiscardAsync(() => proxy.Release(Direction.ToClient));
        await UntilAsync("document.documentElement.dataset.holdfast === 'live'");

        (await ShownAsync()).ShouldBe("2 2 2 0");
        await EvaluateAsync("document.querySelector('#all').click()");
        await UntilAsync("document.querySelector('#tab').textContent === '3'");
        (await ShownAsync()).ShouldBe("3 3 3 1");
    }

    private async Task OpenAsync(string address)
    {
        await Page.AddInitScriptAsync(Record);
        await Page.OpenAsync(address);
        _devTools = await Context.NewCDPSessionAsync(Page);
    }

    /// <summary>Ends the tab's process, as the browser's own crash page does, and loads the tab again in another.</summary>
    /// <param name="meanwhile">What happens while the tab is gone.</param>
    private async Task DiscardAsync(Action? meanwhile = null)
    {
        var gone = new TaskCompletionSource();
        Page.Crash += (_, _) => gone.TrySetResult();
        _ = _devTools.SendAsync("Page.crash"); // Nobody is left to answer it.
        await gone.Task.WaitAsync(Deadline);
        meanwhile?.Invoke();
        await _devTools.SendAsync("Page.reload");
    }

    // Playwright does nothing more with a page that crashed; the browser does.

    private async Task<JsonElement> EvaluateAsync(string expression)
    {
        var answer = (await _devTools.SendAsync(
            "Runtime.evaluate", new Dictionary<string, object> { ["expression"] = expression, ["awaitPromise"] = true, ["returnByValue"] = true }))!.Value;
        answer.TryGetProperty("exceptionDetails", out var thrown).ShouldBeFalse(thrown.ToString());
        return answer.GetProperty("result").TryGetProperty("value", out var value) ? value : default;
    }

    /// <summary>Asks in each document that there is until the answer is yes.</summary>
    private async Task UntilAsync(string condition)
    {
        for (var deadline = Deadline; !(await EvaluateAsync($"new Promise(resolve => setTimeout(() => resolve({condition}), 20))")).GetBoolean();)
        {
            deadline.ThrowIfCancellationRequested();
        }
    }

    private async Task<string?> ShownAsync() =>
        (await EvaluateAsync("['session', 'tab', 'reconnect', 'unmarked'].map(id => document.getElementById(id).textContent).join(' ')")).GetString();

    /// <summary>What the document said when it first joined.</summary>
    private async Task<JsonElement> JoinAsync() =>
        JsonSerializer.Deserialize<JsonElement>((await EvaluateAsync("JSON.stringify(sent.find(([kind]) => kind === 'join')[1])")).GetString()!);

    /// <summary>Waits until the store has this, as another page of the session would show it.</summary>
    private async Task StoredAsync(string html)
    {
        var address = (await servers.TestAppAsync()).Address + "scopes";
        for (var deadline = Deadline; !(await (await Context.APIRequest.GetAsync(address)).TextAsync()).Contains(html);)
        {
            deadline.ThrowIfCancellationRequested();
        }
    }
}
