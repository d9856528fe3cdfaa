using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Holdfast.Browser.Tests;

/// <summary>What tests do to live pages.</summary>
internal static class LivePages
{
    /// <summary>Loads a page, and waits until it is joined.</summary>
    public static async Task OpenAsync(this IPage page, string address)
    {
        await page.GotoAsync(address);
        await page.BecomesAsync("live");
    }

    /// <summary>Waits until the page shows this status: <c>live</c>, <c>saving</c>, <c>unsaved</c>, <c>offline</c> or <c>forms</c>.</summary>
    public static Task BecomesAsync(this IPage page, string status, float timeoutMilliseconds = 20_000) =>
        Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync(
            "data-holdfast", status, new LocatorAssertionsToHaveAttributeOptions { Timeout = timeoutMilliseconds });

    /// <summary>Waits until an element has this text.</summary>
    public static Task ShowsAsync(this IPage page, string selector, string text) =>
        Assertions.Expect(page.Locator(selector)).ToHaveTextAsync(text);

    /// <summary>Waits until an element has a text that matches.</summary>
    public static Task ShowsAsync(this IPage page, string selector, Regex text) =>
        Assertions.Expect(page.Locator(selector)).ToHaveTextAsync(text);

    /// <summary>Waits until a control has this value.</summary>
    public static Task HoldsAsync(this IPage page, string selector, string value) =>
        Assertions.Expect(page.Locator(selector)).ToHaveValueAsync(value);

    /// <summary>Clicks by script: focus and selection stay where they are, and nobody looks whether a person could.</summary>
    public static Task ClickByScriptAsync(this IPage page, string selector, int times = 1) =>
        page.EvaluateAsync("([selector, times]) => { for (let i = 0; i < times; i++) document.querySelector(selector).click(); }", new object[] { selector, times });

    /// <summary>Marks the document: a reload would lose it.</summary>
    public static Task MarkAsync(this IPage page) => page.EvaluateAsync("() => { window.sameDocument = true; }");

    /// <summary>Whether the document is still the one that was marked.</summary>
    public static Task<bool> IsMarkedAsync(this IPage page) => page.EvaluateAsync<bool>("() => window.sameDocument === true");

    /// <summary>Tells the page that the network is back, so that it does not wait for its back-off.</summary>
    public static Task HurryAsync(this IPage page) => page.EvaluateAsync("() => { window.dispatchEvent(new Event('online')); }");

    /// <summary>Keeps the details of these events of the document, from the next load on.</summary>
    public static Task RecordAsync(this IPage page, string eventName) => page.AddInitScriptAsync(
        $"window.recorded = []; document.addEventListener('{eventName}', ({{ detail }}) => window.recorded.push(detail));");

    /// <summary>One property of each event that was recorded.</summary>
    public static Task<string[]> RecordedAsync(this IPage page, string property) =>
        page.EvaluateAsync<string[]>("property => window.recorded.map(detail => String(detail[property]))", property);

    /// <summary>Alters the digest in every join, so that the server sends the page's HTML.</summary>
    public static Task MisstateDigestsAsync(this IPage page) => page.RouteWebSocketAsync(new Regex(".*/_holdfast"), socket =>
    {
        var server = socket.ConnectToServer();
        socket.OnMessage(frame =>
        {
            var parsed = JsonNode.Parse(frame.Text!)!.AsArray();
            if ((string?)parsed[0] == "join")
            {
                parsed[1]!["digest"] = "0000000000000000";
            }

            server.Send(parsed.ToJsonString());
        });
    });
}
