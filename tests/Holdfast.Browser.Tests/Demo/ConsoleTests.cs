using System.Collections.Concurrent;

namespace Holdfast.Browser.Tests.Demo;

/// <summary>That the demo's pages write no error and no warning to the console: a developer who looks there finds only what is theirs.</summary>
public sealed class ConsoleTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    [Theory]
    [MemberData(nameof(DemoPages.All), MemberType = typeof(DemoPages))]
    public async Task A_page_that_is_used_reloaded_and_left_complains_of_nothing(string name)
    {
        var written = new ConcurrentQueue<string>();
        Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                written.Enqueue($"{message.Type}: {message.Text} ({message.Location})");
            }
        };
        Page.PageError += (_, error) => written.Enqueue(error);
        Page.RequestFailed += (_, request) => written.Enqueue($"{request.Url}: {request.Failure}");
        Page.Response += (_, response) =>
        {
            if (response.Status >= 400)
            {
                written.Enqueue($"{response.Url}: {response.Status}");
            }
        };
        var address = (await servers.DemoAsync()).Of(name);

        await Page.OpenAsync(address);
        await Page.UseAsync(name);
        await Page.ReloadAsync();
        await Page.BecomesAsync("live");
        await Page.OpenAsync((await servers.DemoAsync()).Of(name == "home" ? "counter" : "home"));
        await Page.GoBackAsync();
        await Page.BecomesAsync("live");

        written.ShouldBeEmpty();
        await Page.EvaluateAsync("() => { console.warn('seen'); }");
        await Page.WaitForFunctionAsync("() => true");
        written.ShouldHaveSingleItem().ShouldStartWith("warning: seen");
    }
}
