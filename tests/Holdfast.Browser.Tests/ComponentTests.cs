namespace Holdfast.Browser.Tests;

/// <summary>What of Blazor's components depends on a real browser: its events, namespaces, head and kinds of input.</summary>
public sealed class ComponentTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    [Fact]
    public async Task Pointer_wheel_and_mouse_tell_what_they_did()
    {
        await OpenAsync("events");
        await LogStartsAsync();
        await Page.HoverAsync("#area");
        await Page.Mouse.DownAsync();
        await Page.Mouse.UpAsync();
        await Page.Mouse.WheelAsync(0, 40);
        await Page.ShowsAsync("#log", "error error; pointerdown mouse True 0; mousedown mousedown 1; wheel 40");
    }

    [Fact]
    public async Task Touches_are_told()
    {
        await OpenAsync("events");
        await LogStartsAsync();
        await Page.EvaluateAsync("""
            () => {
                const target = document.querySelector('#area');
                const touch = new Touch({ identifier: 1, target, clientX: 12 });
                target.dispatchEvent(new TouchEvent('touchstart', { bubbles: true, touches: [touch], changedTouches: [touch] }));
            }
            """);
        await Page.ShowsAsync("#log", "error error; touchstart 1 12 1");
    }

    [Fact]
    public async Task What_is_dropped_and_pasted_is_told()
    {
        await OpenAsync("events");
        await LogStartsAsync();
        await Page.EvaluateAsync("""
            () => {
                const target = document.querySelector('#area');
                const dataTransfer = new DataTransfer();
                dataTransfer.setData('text/plain', 'words');
                target.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
                target.dispatchEvent(new ClipboardEvent('paste', { bubbles: true }));
            }
            """);
        await Page.ShowsAsync("#log", "error error; drop text/plain 1 string none; paste paste");
    }

    [Fact]
    public async Task An_element_can_be_dragged_onto_another()
    {
        await OpenAsync("events");
        await LogStartsAsync();
        await Page.DragAndDropAsync("#drag", "#area");
        await Page.ShowsAsync("#log", new System.Text.RegularExpressions.Regex("drop "));
    }

    [Fact]
    public async Task A_scripts_own_event_brings_its_detail()
    {
        await OpenAsync("events");
        await LogStartsAsync();
        await Page.EvaluateAsync("""
            () => document.querySelector('#area').dispatchEvent(new CustomEvent('custompaste', { bubbles: true, detail: { pastedData: 'words', times: 2, at: new Date(0), parts: ['a', 'b'] } }))
            """);
        await Page.ShowsAsync("#log", "error error; custompaste words 2 1970 a+b");
    }

    [Fact]
    public async Task Events_of_details_and_forms_are_heard()
    {
        await OpenAsync("events");
        await LogStartsAsync();
        await Page.ClickAsync("#summary");
        await Page.ShowsAsync("#log", "error error; toggle");
        await Page.FocusAsync("#needed");
        await Page.Keyboard.PressAsync("Control+A");
        await Page.ShowsAsync("#log", "error error; toggle; select");
        await Page.EvaluateAsync("() => { document.querySelector('#needed').value = ''; document.querySelector('#form').requestSubmit(); }");
        await Page.ShowsAsync("#log", "error error; toggle; select; invalid");
        await Page.ClickAsync("#reset");
        await Page.ShowsAsync("#log", "error error; toggle; select; invalid; reset");
    }

    [Fact]
    public async Task Dates_and_times_are_bound()
    {
        await OpenAsync("binds");
        foreach (var (control, value) in new[] { ("#date", "2027-02-03"), ("#at", "2027-02-03T05:06"), ("#month", "2027-05"), ("#time", "07:08") })
        {
            await Page.FillAsync(control, value);
            await Page.Locator(control).BlurAsync();
        }

        await Page.ShowsAsync("#shown", new System.Text.RegularExpressions.Regex(@"\|2027-02-03\|2027-02-03T05:06\|2027-05\|07:08\|"));
        await Page.HoldsAsync("#time", "07:08");
    }

    [Fact]
    public async Task What_cannot_be_read_gives_way_to_the_old_value()
    {
        await OpenAsync("binds");
        await Page.FillAsync("#decimal", "much");
        await Page.Locator("#decimal").BlurAsync();
        await Page.HoldsAsync("#decimal", "0");
        await Page.FillAsync("#format", "2026-01-02");
        await Page.PressAsync("#format", "Enter");
        await Page.HoldsAsync("#format", "02.01.2026");
    }

    [Fact]
    public async Task Selections_are_shown_before_and_after_the_page_is_live()
    {
        await Page.GotoAsync((await servers.TestAppAsync()).Address + "edit-form");
        await Page.HoldsAsync("#size", "Large");
        await Page.BecomesAsync("live");
        await Page.HoldsAsync("#size", "Large");
        await Assertions.Expect(Page.Locator("#tags")).ToHaveValuesAsync(["b"]);
        await OpenAsync("choices");
        await Page.ClickAsync("#load");
        await Page.HoldsAsync("#late", "b");
    }

    [Fact]
    public async Task A_form_says_what_is_wrong_with_it()
    {
        await OpenAsync("edit-form");
        await Page.FillAsync("#age", "12");
        await Page.ClickAsync("#send");
        await Page.ShowsAsync("#name-message", "A name is needed.");
        await Page.ShowsAsync("#age-message", "Between 18 and 99.");
        await Page.FillAsync("#name", "Ada");
        await Page.FillAsync("#age", "36");
        await Page.CheckAsync("#blue");
        await Page.SelectOptionAsync("#size", "Huge");
        await Page.ClickAsync("#send");
        await Page.ShowsAsync("#sent", "invalid valid ");
        await Page.ShowsAsync("#shown", "Ada||36|False|2000-01-01|Huge|b|blue");
    }

    [Fact]
    public async Task Drawings_and_formulas_are_patched_in_their_own_namespaces()
    {
        await OpenAsync("drawing");
        await Page.MarkAsync();
        for (var step = 1; step <= 3; step++)
        {
            await Page.ClickAsync("#step");
            await Assertions.Expect(Page.Locator("#svg")).ToHaveAttributeAsync("viewBox", $"0 0 {step} 10");
            await Page.ShowsAsync("#svg > title", $"Step {step}");
        }

        (await Page.EvaluateAsync<bool>("() => document.querySelector('#gradient') instanceof SVGLinearGradientElement")).ShouldBeTrue();
        (await Page.EvaluateAsync<bool>("() => document.querySelector('#foreign') instanceof SVGForeignObjectElement")).ShouldBeTrue();
        (await Page.EvaluateAsync<bool>("() => document.querySelector('#html') instanceof HTMLDivElement && document.querySelector('#inside') instanceof HTMLInputElement")).ShouldBeTrue();
        (await Page.EvaluateAsync<bool>("() => document.querySelector('#fraction') instanceof MathMLElement")).ShouldBeTrue();
        (await Page.EvaluateAsync<string[]>("() => [...document.querySelectorAll('#part > textPath title')].map(title => title.textContent)")).ShouldBe(["0 of 3", "1 of 3", "2 of 3"]);
        (await Page.EvaluateAsync<bool>("() => [...document.querySelectorAll('#part > *')].every(path => path instanceof SVGTextPathElement)")).ShouldBeTrue();
    }

    [Fact]
    public async Task The_title_and_the_head_follow_the_page()
    {
        await OpenAsync("head");
        await Page.ClickAsync("#up");
        await Assertions.Expect(Page).ToHaveTitleAsync("Fish & chips: 1");
        await Page.ClickAsync("#up");
        await Assertions.Expect(Page.Locator("head > link[rel=canonical]")).ToHaveAttributeAsync("href", "/head?count=2");
        await Page.ReloadAsync();
        await Assertions.Expect(Page).ToHaveTitleAsync("Fish & chips: 2");
    }

    private async Task OpenAsync(string page)
    {
        if (page == "events")
        {
            ExpectErrors("nowhere.png");
        }

        await Page.OpenAsync((await servers.TestAppAsync()).Address + page);
    }

    /// <summary>The picture that is not there may say so before the page is live; here it says so again.</summary>
    private async Task LogStartsAsync()
    {
        await Page.EvaluateAsync("() => { if (!document.querySelector('#log').textContent) document.querySelector('#image').dispatchEvent(new Event('error')); }");
        await Page.ShowsAsync("#log", "error error");
    }
}
