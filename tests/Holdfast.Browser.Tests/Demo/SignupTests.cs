using System.Text;
using System.Text.RegularExpressions;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests.Demo;

/// <summary>The registration: validated where a person looks, and never lost in the middle.</summary>
public sealed class SignupTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task A_registration_goes_forward_and_back_and_ends_with_an_empty_draft()
    {
        await Page.OpenAsync((await servers.DemoAsync()).Of("signup"));

        await Page.FillAccountAsync();
        await Expect(Heading("Where do you live?")).ToBeFocusedAsync();
        await Expect(Page).ToHaveTitleAsync("Address, sign up – Holdfast");
        await Page.ButtonNamed("Back").ClickAsync();
        await Expect(Heading("Who are you?")).ToBeFocusedAsync();
        await Page.HoldsAsync("#name", "Ada Quay");
        await Page.ButtonNamed("Continue").ClickAsync();
        await Page.FillAddressAsync();
        await Expect(Heading("Is this right?")).ToBeFocusedAsync();
        await Expect(Page.Locator(".progress [aria-current=step]")).ToHaveTextAsync("Confirm");
        await Expect(Page.Locator(".facts")).ToContainTextAsync("4021 Bergen");
        await Page.GetByLabel("Password").FillAsync(Password);
        await Page.GetByLabel("I know that this is a demo").CheckAsync();
        await Page.ButtonNamed("Register").ClickAsync();

        await Expect(Heading("Welcome aboard, Ada Quay")).ToBeFocusedAsync();
        await Page.ButtonNamed("Register somebody else").ClickAsync();
        await Expect(Heading("Who are you?")).ToBeFocusedAsync();
        await Page.HoldsAsync("#name", "");
        await Page.HoldsAsync("#email", "");
    }

    [Fact]
    public async Task What_is_wrong_is_said_next_to_its_field_and_the_first_one_gets_the_focus()
    {
        await Page.OpenAsync((await servers.DemoAsync()).Of("signup"));

        await Page.ButtonNamed("Continue").ClickAsync();
        await Expect(Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("2 answers need another look.");
        await Expect(Page.Locator("#name")).ToBeFocusedAsync();
        await Expect(Page.Locator("#name")).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(Page.Locator("#name")).ToHaveAccessibleDescriptionAsync("Enter a name.");
        await Expect(Page.Locator("#email")).ToHaveAccessibleDescriptionAsync("Enter an e-mail address.");

        await Page.Keyboard.TypeAsync("Ada");
        await Expect(Page.Locator("#name-error")).ToHaveTextAsync("");
        await Expect(Page.Locator("#name")).Not.ToHaveAttributeAsync("aria-invalid", new Regex(".*"));
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Page.Locator("#email")).ToBeFocusedAsync();

        // Twice the same fault: the focus comes back each time.
        await Page.ButtonNamed("Continue").FocusAsync();
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Page.Locator("#email")).ToBeFocusedAsync();
        await Page.Keyboard.TypeAsync("ada@example.org");
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Heading("Where do you live?")).ToBeFocusedAsync();
        await Expect(Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_field_that_is_not_finished_is_not_yet_wrong()
    {
        await Page.OpenAsync((await servers.DemoAsync()).Of("signup"));

        await Page.Locator("#email").PressSequentiallyAsync("ada@");
        await Page.BecomesAsync("live");
        await Expect(Page.Locator("#email-error")).ToHaveTextAsync("");

        await Page.Keyboard.PressAsync("Tab");
        await Expect(Page.Locator("#email-error")).ToHaveTextAsync("This is no e-mail address: it has no part after the @.");
        await Expect(Page.Locator("#email")).ToHaveAttributeAsync("aria-invalid", "true");
    }

    [Fact]
    public async Task A_draft_survives_the_death_of_the_server_a_reload_and_the_closed_tab()
    {
        ExpectFailedConnections();
        await using var demo = await AppServer.StartDemoAsync(Deadline);
        await Page.OpenAsync(demo.Of("signup"));
        await Page.FillAccountAsync();
        await Page.Locator("#street").PressSequentiallyAsync("1 Pi");
        await Page.BecomesAsync("live");

        demo.Process.Kill();
        await Page.BecomesAsync("offline");
        await Page.Locator("#street").PressSequentiallyAsync("er");
        await demo.Process.RestartAsync(cancellationToken: Deadline);
        await Page.HurryAsync();
        await Page.BecomesAsync("live");
        await Expect(Page.Locator("#street")).ToBeFocusedAsync();
        await Page.HoldsAsync("#street", "1 Pier");
        await Page.ShowsAsync(".origin", new Regex("^Restored your draft from .* UTC\\.$"));

        await Page.ReloadAsync();
        await Page.BecomesAsync("live");
        await Page.HoldsAsync("#street", "1 Pier");

        // The next day: another tab, and another process.
        await Page.CloseAsync();
        demo.Process.Kill();
        await demo.Process.RestartAsync(cancellationToken: Deadline);
        var nextDay = await Context.NewPageAsync();
        await nextDay.OpenAsync(demo.Of("signup"));
        await nextDay.HoldsAsync("#street", "1 Pier");
        await nextDay.ButtonNamed("Back").ClickAsync();
        await nextDay.HoldsAsync("#email", "ada@example.org");
        var cookie = (await Context.CookiesAsync()).Single();
        DateTimeOffset.FromUnixTimeSeconds((long)cookie.Expires).ShouldBeGreaterThan(DateTimeOffset.UtcNow.AddDays(6));
    }

    [Fact]
    public async Task The_password_is_not_stored_and_not_sent_back()
    {
        await using var demo = await AppServer.StartDemoAsync(Deadline);
        await Page.OpenAsync(demo.Of("signup"));
        await Page.FillAccountAsync();
        await Page.FillAddressAsync();
        await Page.GetByLabel("Password").FillAsync(Password);
        await Page.GetByLabel("Password").BlurAsync();
        await Page.ButtonNamed("Register").ClickAsync();
        await Expect(Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        await Page.BecomesAsync("live");

        (await Page.ContentAsync()).ShouldNotContain(Password);
        await Page.GotoAsync("about:blank"); // The server ends before the browser does, which a page would say in the console.
        var stored = Encoding.UTF8.GetString(await demo.StoredAsync(Deadline));
        stored.ShouldContain("1 Pier");
        stored.ShouldNotContain(Password);
        string.Join('\n', demo.Process.Output).ShouldNotContain(Password);
    }

    private ILocator Heading(string text) => Page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = text, Level = 2 });
}
