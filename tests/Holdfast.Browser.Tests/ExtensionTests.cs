namespace Holdfast.Browser.Tests;

/// <summary>That an extension which rewrites the page, once or again and again, costs repairs and not the page.</summary>
public sealed class ExtensionTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    /// <summary>As a translator does: every text of the page in an element of its own.</summary>
    private const string Translate =
        """
        window.translate = () => {
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
            while (walker.nextNode())
                if (walker.currentNode.data.trim() && !walker.currentNode.parentNode.closest('font, script, style, [role=status]'))
                    texts.push(walker.currentNode);
            for (const text of texts) {
                const font = document.createElement('font');
                text.replaceWith(font);
                font.append(text);
            }
        };
        window.keepTranslating = () => {
            translate();
            window.translator = new MutationObserver(translate);
            translator.observe(document.body, { childList: true, subtree: true, characterData: true });
        };
        """;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Page.AddInitScriptAsync(Translate);
        await Page.AddInitScriptAsync(
            """
            window.joins = [];
            window.repairs = 0;
            document.addEventListener('holdfast:joined', () => joins.push(performance.now()));
            document.addEventListener('holdfast:repaired', () => repairs++);
            """);
    }

    [Theory]
    [InlineData("every text is wrapped", "translate()")]
    [InlineData("what the patch alters is gone", "document.querySelector('#count').firstChild.remove()")]
    [InlineData("what is around it is gone", "document.querySelector('#count').parentNode.remove()")]
    [InlineData("something was inserted before it", "document.querySelector('#count').parentNode.before(document.createElement('div'))")]
    [InlineData("something was inserted around it", "const p = document.querySelector('#count').parentNode; const div = document.createElement('div'); p.replaceWith(div); div.append(p)")]
    public async Task A_patch_that_does_not_fit_a_live_page_is_followed_by_one_repair(string what, string alteration)
    {
        await OpenAsync("counter");
        var pristine = await HtmlAsync();
        await Page.EvaluateAsync($"() => {{ {alteration}; }}");
        (await HtmlAsync()).ShouldNotBe(pristine, what);

        await Page.ClickByScriptAsync("#up");
        await Page.ShowsAsync("#count", "1");
        await Page.BecomesAsync("live");

        (await HtmlAsync()).ShouldBe(pristine.Replace(">0<", ">1<"), what);
        (await JoinsAsync()).ShouldBe(2);
        (await RepairsAsync()).ShouldBe(1);
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", "2");
        await Page.BecomesAsync("live");
        (await JoinsAsync()).ShouldBe(2);
        (await RepairsAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task An_extension_that_alters_each_repair_too_causes_one_join_an_event_and_no_loop()
    {
        var script = await SlowScript.ShowAsync(Page, (await servers.TestAppAsync()).Address + "counter");
        await Page.EvaluateAsync("() => keepTranslating()");

        await script.ComesAsync();

        for (var clicks = 1; clicks <= 4; clicks++)
        {
            await Page.ClickAsync("#up");
            await Page.ShowsAsync("#count", $"{clicks}");
            await Page.BecomesAsync("live");
            (await Page.EvaluateAsync<string>("() => document.querySelector('#count').innerHTML")).ShouldBe($"<font>{clicks}</font>");
            (await JoinsAsync()).ShouldBe(1 + clicks);
            (await RepairsAsync()).ShouldBe(1 + clicks);
        }
    }

    [Fact]
    public async Task A_page_that_changes_all_the_time_under_such_an_extension_joins_less_and_less_often_and_loses_nothing()
    {
        await Page.AddInitScriptAsync("Math.random = () => 0.999;"); // The longest wait that each back-off allows.
        await OpenAsync("counter");
        await Page.EvaluateAsync("() => keepTranslating()");

        await Page.EvaluateAsync("() => { window.clicks = 0; window.clicking = setInterval(() => { document.querySelector('#up').click(); window.clicks++; }, 100); }");
        await Page.WaitForFunctionAsync("() => joins.length === 5", null, new PageWaitForFunctionOptions { Timeout = 20_000 });
        await Page.EvaluateAsync("() => { clearInterval(clicking); translator.disconnect(); }");
        var joins = await Page.EvaluateAsync<double[]>("() => joins");
        var clicks = await Page.EvaluateAsync<int>("() => clicks");

        // The first wait is up to 250 ms, and each that follows twice as long.
        var waits = joins.Zip(joins.Skip(1), (one, next) => next - one).ToList();
        for (var i = 0; i < waits.Count; i++)
        {
            waits[i].ShouldBeGreaterThan(0.99 * 250 * (1 << i), string.Join(' ', waits));
        }

        await Page.ShowsAsync("#count", $"{clicks}");
        await Page.BecomesAsync("live");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#count", $"{clicks + 1}");
    }

    private async Task OpenAsync(string page) => await Page.OpenAsync((await servers.TestAppAsync()).Address + page);

    private Task<int> JoinsAsync() => Page.EvaluateAsync<int>("() => joins.length");

    private Task<int> RepairsAsync() => Page.EvaluateAsync<int>("() => repairs");

    /// <summary>What the page shows between its markers.</summary>
    private Task<string> HtmlAsync() => Page.EvaluateAsync<string>(
        "() => document.body.innerHTML.replace(/^[^]*<!--holdfast-->/, '').replace(/<!--\\/holdfast-->[^]*$/, '')");
}
