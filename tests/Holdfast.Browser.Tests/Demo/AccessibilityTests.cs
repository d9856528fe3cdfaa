using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests.Demo;

/// <summary>That nobody is kept out of the demo's pages: what a machine can find, and the way there by keyboard.</summary>
public sealed class AccessibilityTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    /// <summary>axe-core (https://github.com/dequelabs/axe-core), as the client's package.json pins it.</summary>
    private static readonly Lazy<string> Axe = new(() =>
    {
        var path = Path.Combine(Repository.Root, "src", "Holdfast", "Client", "node_modules", "axe-core", "axe.min.js");
        return File.Exists(path) ? File.ReadAllText(path) : throw new FileNotFoundException(
            $"axe-core is not at '{path}'. The accessibility tests run it in the pages. Run 'npm ci' in src/Holdfast/Client.");
    });

    public static TheoryData<string, ColorScheme> Looks =>
        [.. from page in DemoPages.All from scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark] select (page.Data, scheme)];

    [Theory]
    [MemberData(nameof(Looks))]
    public async Task A_page_has_no_fault_that_a_machine_can_find(string name, ColorScheme scheme)
    {
        var page = await NewPageAsync(scheme);
        await page.OpenAsync((await servers.DemoAsync()).Of(name));
        (await FaultsAsync(page)).ShouldBeEmpty();

        await page.UseAsync(name);
        (await FaultsAsync(page)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task No_step_of_the_registration_has_one(ColorScheme scheme)
    {
        var page = await NewPageAsync(scheme);
        await page.OpenAsync((await servers.DemoAsync()).Of("signup"));
        await page.FillAccountAsync();
        await page.ButtonNamed("Continue").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        (await FaultsAsync(page)).ShouldBeEmpty();

        await page.FillAddressAsync();
        await page.ButtonNamed("Register").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        (await FaultsAsync(page)).ShouldBeEmpty();

        await page.GetByLabel("Password").FillAsync("correct horse battery");
        await page.GetByLabel("I know that this is a demo").CheckAsync();
        await page.ButtonNamed("Register").ClickAsync();
        await Expect(page.ButtonNamed("Register somebody else")).ToBeVisibleAsync();
        (await FaultsAsync(page)).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(DemoPages.All), MemberType = typeof(DemoPages))]
    public async Task What_is_added_for_browsers_without_script_has_none_either(string name)
    {
        await Page.GotoAsync((await servers.PostingDemoAsync()).Of(name));

        (await FaultsAsync(Page)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_fault_would_be_found()
    {
        await Page.OpenAsync((await servers.DemoAsync()).Of("counter"));
        await Page.EvaluateAsync("() => { document.querySelector('main').append(document.createElement('button')); }");

        (await FaultsAsync(Page)).ShouldHaveSingleItem().ShouldStartWith("critical button-name");
    }

    [Theory]
    [MemberData(nameof(DemoPages.All), MemberType = typeof(DemoPages))]
    public async Task The_first_key_leads_past_the_navigation_and_the_focus_is_seen(string name)
    {
        await Page.OpenAsync((await servers.DemoAsync()).Of(name));

        await Page.Keyboard.PressAsync("Tab");
        var skip = Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Skip to the content" });
        await Expect(skip).ToBeFocusedAsync();
        await Expect(skip).ToBeInViewportAsync();
        (await skip.EvaluateAsync<string>("element => getComputedStyle(element).outlineStyle")).ShouldBe("solid");
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Page.Locator("main")).ToBeFocusedAsync();
        await Expect(Page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Level = 1 })).ToHaveCountAsync(1);
    }

    [Theory]
    [MemberData(nameof(DemoPages.All), MemberType = typeof(DemoPages))]
    public async Task Whoever_wants_no_motion_gets_none(string name)
    {
        var address = (await servers.DemoAsync()).Of(name);
        await Page.OpenAsync(address);
        (await MovingAsync(Page)).ShouldNotBe(0, "Nothing moves for anybody, so this test shows nothing.");

        var context = await NewContextAsync(new BrowserNewContextOptions { ReducedMotion = ReducedMotion.Reduce });
        var page = await context.NewPageAsync();
        await page.AddInitScriptAsync(
            "window.moved = []; for (const name of ['transitionrun', 'animationstart']) document.addEventListener(name, ({ type, target }) => moved.push(`${type} ${target.outerHTML}`), true);");
        await page.OpenAsync(address);
        await page.UseAsync(name);

        (await MovingAsync(page)).ShouldBe(0);
        (await page.EvaluateAsync<string[]>("() => moved")).ShouldBeEmpty();
        (await page.EvaluateAsync<int>("() => document.getAnimations().length")).ShouldBe(0);
    }

    /// <summary>How many elements have a transition or an animation.</summary>
    private static Task<int> MovingAsync(IPage page) => page.EvaluateAsync<int>(
        """
        () => [...document.querySelectorAll('*')].filter(element => ['', '::before', '::after'].some(part => {
            const { transitionDuration, transitionDelay, animationName } = getComputedStyle(element, part);
            return animationName !== 'none' || [transitionDuration, transitionDelay].some(time => time.split(', ').some(one => one !== '0s'));
        })).length
        """);

    private async Task<IPage> NewPageAsync(ColorScheme scheme) =>
        await (await NewContextAsync(new BrowserNewContextOptions { ColorScheme = scheme })).NewPageAsync();

    /// <summary>What axe-core calls serious or critical, one line each.</summary>
    private static async Task<string[]> FaultsAsync(IPage page)
    {
        await page.EvaluateAsync(Axe.Value + ";undefined");
        var found = (await page.EvaluateAsync("() => axe.run(document, { resultTypes: ['violations'] })"))!.Value;
        return [.. found.GetProperty("violations").EnumerateArray()
            .Where(violation => violation.GetProperty("impact").GetString() is "serious" or "critical")
            .SelectMany(violation => violation.GetProperty("nodes").EnumerateArray().Select(node =>
                $"{violation.GetProperty("impact").GetString()} {violation.GetProperty("id").GetString()}: {node.GetProperty("html").GetString()} {node.GetProperty("failureSummary").GetString()}"))];
    }
}
