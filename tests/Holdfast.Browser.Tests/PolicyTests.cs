using Holdfast.Browser.Tests.Demo;
using Holdfast.Testing.Network;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>That pages work under a strict Content Security Policy with enforced Trusted Types: that of the demo.</summary>
public sealed class PolicyTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    /// <summary>Pages of the tests' own app, and what is clicked in each.</summary>
    public static TheoryData<string, string[]> Pages => new()
    {
        { "adoption", ["#up", "#up", "#embedded-up"] },
        { "counter", ["#up", "#up"] },
        { "fields", ["#set", "#send"] },
        { "throws", ["#up", "#before", "#child-up"] },
        { "embedded", ["#up", "#two-up"] },
        { "layout", ["#up"] },
        { "rows/keyed-table", ["[data-hit='2']", "[data-hit='3']"] },
        { "rows/unkeyed-bind", ["[data-hit='2']"] },
    };

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Page.AddInitScriptAsync(
            "window.violations = []; document.addEventListener('securitypolicyviolation', ({ violatedDirective, sample }) => violations.push(`${violatedDirective} ${sample}`));");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_demos_pages_violate_nothing(bool isHtmlSent)
    {
        if (isHtmlSent)
        {
            await Page.MisstateDigestsAsync();
        }

        var address = (await servers.DemoAsync()).Address;
        var response = (await Page.GotoAsync(address))!;
        (await response.HeaderValueAsync("Content-Security-Policy")).ShouldBe(
            "default-src 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types holdfast");
        await Page.BecomesAsync("live");
        await NothingAsync();

        await Page.OpenAsync(address + "counter");
        await Page.ClickAsync("button.primary");
        await Expect(Page.GetByText("Count: 1")).ToBeVisibleAsync();
        await NothingAsync();

        await Page.OpenAsync(address + "todos");
        var todo = $"todo of {nameof(PolicyTests)} {isHtmlSent}";
        await Page.FillAsync("form input", todo);
        await Page.ClickAsync("form button");
        await Page.GetByRole(AriaRole.Checkbox, new PageGetByRoleOptions { Name = todo }).ClickAsync();
        await Expect(Page.GetByRole(AriaRole.Checkbox, new PageGetByRoleOptions { Name = todo })).ToBeCheckedAsync();
        await Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Done", Exact = true }).ClickAsync();
        await Page.GetByLabel($"Delete: {todo}").ClickAsync();
        await Expect(Page.GetByRole(AriaRole.Checkbox, new PageGetByRoleOptions { Name = todo })).ToHaveCountAsync(0);
        await NothingAsync();

        foreach (var name in (string[])["signup", "table", "clock"])
        {
            await Page.OpenAsync(address + name);
            await Page.UseAsync(name);
            await NothingAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task The_pages_of_an_app_with_such_a_policy_violate_nothing(string name, string[] clicked)
    {
        if (name == "adoption")
        {
            ExpectErrors("/none.png"); // A picture of the page that nobody has.
            ExpectErrors("Applying inline style"); // The page's own <style>, which the policy forbids.
        }

        await Page.MisstateDigestsAsync();
        var response = (await Page.GotoAsync((await servers.StrictTestAppAsync()).Address + name))!;
        (await response.HeaderValueAsync("Content-Security-Policy")).ShouldBe(SharedServers.StrictPolicy);
        await Page.BecomesAsync("live");
        foreach (var control in clicked)
        {
            await Page.ClickAsync(control);
            await Page.BecomesAsync("live");
        }

        if (name.StartsWith("rows/"))
        {
            var shown = await Page.InnerTextAsync("#rows");
            foreach (var command in (string[])["insert 0", "move 2 0", "rename 1", "remove 3", "reverse"])
            {
                await Page.EvaluateAsync(
                    "command => document.querySelector('#op').dispatchEvent(new KeyboardEvent('keydown', { key: command, bubbles: true }))", command);
                await Page.BecomesAsync("live");
            }

            (await Page.InnerTextAsync("#rows")).ShouldNotBe(shown);
        }

        (await Page.EvaluateAsync<string[]>("() => violations")).Where(violation => name != "adoption" || !violation.StartsWith("style-src-elem")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_ticket_is_renewed_under_the_policy()
    {
        await using var proxy = FaultProxy.Start((await servers.DemoAsync()).Process.Port);
        await Page.OpenAsync($"http://127.0.0.1:{proxy.Port}/counter");
        await Page.ClickAsync("button.primary");
        await Expect(Page.GetByText("Count: 1")).ToBeVisibleAsync();
        await Page.BecomesAsync("live");
        await Page.MarkAsync();

        // The session's cookie is gone: the ticket is another session's, and the page fetches a new one.
        await Context.ClearCookiesAsync();
        proxy.Cut();

        await Expect(Page.GetByText("Count: 0")).ToBeVisibleAsync(new LocatorAssertionsToBeVisibleOptions { Timeout = 15_000 });
        await Page.BecomesAsync("live");
        await Page.ClickAsync("button.primary");
        await Expect(Page.GetByText("Count: 1")).ToBeVisibleAsync();
        (await Page.IsMarkedAsync()).ShouldBeTrue();
        await NothingAsync();
    }

    [Fact]
    public async Task The_policy_is_enforced()
    {
        await Page.OpenAsync((await servers.DemoAsync()).Address + "counter");
        ExpectErrors("requires 'TrustedHTML'");
        ExpectErrors("Content Security Policy");

        var thrown = await Page.EvaluateAsync<string>("() => { try { document.body.innerHTML = '<p>'; return ''; } catch (error) { return error.name; } }");

        thrown.ShouldBe("TypeError");
        (await Page.EvaluateAsync<string[]>("() => violations")).ShouldNotBeEmpty();
    }

    private async Task NothingAsync() => (await Page.EvaluateAsync<string[]>("() => violations")).ShouldBeEmpty();
}
