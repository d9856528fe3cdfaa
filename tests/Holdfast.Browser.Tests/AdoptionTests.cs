using Holdfast.Testing.Network;
using static Microsoft.Playwright.Assertions;

namespace Holdfast.Browser.Tests;

/// <summary>That a page which is shown stays what it is when it becomes live, and is put right where others altered it.</summary>
public sealed class AdoptionTests(Browser browser, SharedServers servers) : BrowserTest(browser)
{
    /// <summary>Functions for the page: all nodes of its live part, and what they look like when live.</summary>
    private const string Tools =
        """
        window.liveNodes = () => {
            const walker = document.createTreeWalker(document.body), nodes = [];
            let isInside = false;
            while (walker.nextNode()) {
                const node = walker.currentNode;
                if (node.nodeType === 8 && node.data === '/holdfast')
                    isInside = false;
                if (isInside)
                    nodes.push(node);
                if (node.nodeType === 8 && node.data === 'holdfast')
                    isInside = true;
            }
            return nodes;
        };
        window.mark = () => { window.marked = liveNodes(); };
        window.replaced = () => {
            const now = liveNodes();
            const text = node => node ? `${node.nodeName} ${node.id ?? ''} ${(node.nodeValue ?? '').slice(0, 30)}` : 'nothing';
            for (let i = 0; i < Math.max(now.length, marked.length); i++)
                if (now[i] !== marked[i])
                    return `${i}: ${text(now[i])} instead of ${text(marked[i])}`;
            return `none of ${now.length}`;
        };
        window.liveHtml = () => {
            const holder = document.createElement('div');
            const range = document.createRange();
            const nodes = liveNodes();
            range.setStartBefore(nodes[0]);
            range.setEndAfter([...document.body.childNodes].findLast(node => nodes.includes(node)));
            holder.append(range.cloneContents());
            for (const element of holder.querySelectorAll('[data-hf-post]')) {
                for (const entry of element.getAttribute('data-hf-post').split(' ')) {
                    const [name, value] = entry.split(':');
                    value === undefined ? element.removeAttribute(name) : element.setAttribute(name, decodeURIComponent(value));
                }
                element.removeAttribute('data-hf-post');
            }
            return holder.innerHTML;
        };
        window.repairs = 0;
        document.addEventListener('holdfast:repaired', () => window.repairs++);
        """;

    private SlowScript _script = null!;

    public override ValueTask InitializeAsync()
    {
        ExpectErrors("/none.png"); // A picture of the page that nobody has.
        return base.InitializeAsync();
    }

    [Fact]
    public async Task Becoming_live_replaces_no_node()
    {
        await ShowAsync((await servers.TestAppAsync()).Address + "adoption");
        await Page.EvaluateAsync("() => mark()");

        await JoinAsync();

        (await ReplacedAsync()).ShouldMatch(@"none of \d{3}");
        (await Page.EvaluateAsync<int>("() => repairs")).ShouldBe(0);
    }

    [Theory]
    [InlineData("counter")]
    [InlineData("fields")]
    [InlineData("throws")]
    [InlineData("embedded")]
    [InlineData("layout")]
    [InlineData("rows/keyed-table")]
    [InlineData("rows/unkeyed-bind")]
    public async Task A_page_that_shows_what_the_server_would_write_is_sent_no_html(string page)
    {
        var frames = new FrameLog(Page);

        await Page.OpenAsync((await servers.TestAppAsync()).Address + page);

        frames.Received("joined").Single()[1].TryGetProperty("html", out _).ShouldBeFalse("The digest of Chromium's document is not the server's.");
    }

    [Theory]
    [InlineData("")]
    [InlineData("counter")]
    [InlineData("todos")]
    [InlineData("signup")]
    [InlineData("table")]
    public async Task A_page_of_the_demo_is_sent_no_html(string page)
    {
        // The todos are everybody's, so in a shared demo another test's could appear just before the join.
        ExpectFailedConnections(); // It ends before the page does.
        await using var demo = await AppServer.StartDemoAsync(Deadline);
        var frames = new FrameLog(Page);

        await Page.OpenAsync(demo.Address + page);

        frames.Received("joined").Single()[1].TryGetProperty("html", out _).ShouldBeFalse("The digest of Chromium's document is not the server's.");
    }

    [Fact]
    public async Task Html_that_is_the_same_replaces_no_node()
    {
        await Page.MisstateDigestsAsync();
        await ShowAsync((await servers.TestAppAsync()).Address + "adoption");
        await Page.EvaluateAsync("() => mark()");

        await JoinAsync();

        (await Page.EvaluateAsync<bool>("() => window.gotHtml")).ShouldBeTrue();
        (await ReplacedAsync()).ShouldMatch(@"none of \d{3}");
        (await Page.EvaluateAsync<int>("() => repairs")).ShouldBe(0);
    }

    [Fact]
    public async Task A_rejoin_replaces_no_node()
    {
        await using var proxy = FaultProxy.Start((await servers.TestAppAsync()).Process.Port);
        var frames = new FrameLog(Page);
        await ShowAsync($"http://127.0.0.1:{proxy.Port}/adoption");
        await JoinAsync();
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#late", "late 1");
        await Page.EvaluateAsync("() => mark()");

        proxy.Cut();
        await Expect(Page.Locator("html")).ToHaveAttributeAsync("data-joins", "2");

        (await ReplacedAsync()).ShouldMatch(@"none of \d{3}");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#late", "late 2");
        frames.Received("joined")[1][1].GetProperty("found").GetString().ShouldBe("recovered");
    }

    [Fact]
    public async Task A_restored_page_keeps_the_nodes_that_it_shows_again()
    {
        ExpectFailedConnections();
        await using var server = await AppServer.StartTestAppAsync(Deadline);
        await ShowAsync(server.Address + "adoption");
        await JoinAsync();
        await Page.EvaluateAsync("() => { window.elements = [...document.querySelectorAll('[id]')]; }");
        var before = await Page.EvaluateAsync<string>("() => liveHtml()");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#late", "late 1");
        await Page.BecomesAsync("live");

        // Nothing of this page is kept, so it goes back to what it was.
        server.Process.Kill();
        await server.Process.RestartAsync(cancellationToken: Deadline);
        await Expect(Page.Locator("#late")).ToHaveCountAsync(0, new LocatorAssertionsToHaveCountOptions { Timeout = 20_000 });

        (await Page.EvaluateAsync<string>("() => liveHtml()")).ShouldBe(before);
        (await Page.EvaluateAsync<string[]>("() => elements.filter(element => !element.isConnected).map(element => element.id)")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("a node inserted", "document.querySelector('#texts').before(Object.assign(document.createElement('div'), { id: 'advert', textContent: 'buy' }))")]
    [InlineData("a node inserted in a table", "document.querySelector('#with-body tbody').prepend(document.createElement('tr'))")]
    [InlineData("a text changed", "document.querySelector('#title').firstChild.nodeValue = 'Alles, was HTML verlöre'")]
    [InlineData("every text wrapped", "for (const p of document.querySelectorAll('p')) { const font = document.createElement('font'); font.append(...p.childNodes); p.append(font); }")]
    [InlineData("a node removed", "document.querySelector('#multiple').remove()")]
    [InlineData("a comment removed", "liveNodes().find(node => node.nodeType === 8).remove()")]
    [InlineData("attributes changed", "const text = document.querySelector('#text'); text.setAttribute('data-lastpass', '1'); text.removeAttribute('id'); text.setAttribute('value', 'altered')")]
    [InlineData("a class added to all", "for (const node of liveNodes()) node.classList?.add('dark-reader')")]
    [InlineData("everything removed", "for (const node of liveNodes()) node.remove()")]
    public async Task What_others_did_to_the_page_before_it_became_live_is_repaired(string what, string alteration)
    {
        var address = (await servers.TestAppAsync()).Address + "adoption";
        await ShowAsync(address);
        var pristine = await Page.EvaluateAsync<string>("() => liveHtml()");
        await Page.EvaluateAsync($"() => {{ {alteration} }}");
        (await Page.EvaluateAsync<string>("() => liveNodes().length ? liveHtml() : ''")).ShouldNotBe(pristine, what);

        await JoinAsync();

        (await Page.EvaluateAsync<string>("() => liveHtml()")).ShouldBe(pristine, what);
        (await Page.EvaluateAsync<int>("() => repairs")).ShouldBe(1);
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#late", "late 1");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#late", "late 2");
        await Page.ClickAsync("#embedded-up");
        await Page.ShowsAsync("#embedded-count", "1");
    }

    [Fact]
    public async Task What_others_do_to_a_live_page_is_repaired_when_a_patch_meets_it()
    {
        await ShowAsync((await servers.TestAppAsync()).Address + "adoption");
        await JoinAsync();

        await Page.EvaluateAsync("() => { for (const node of liveNodes()) if (node.isConnected && !node.contains(document.querySelector('#up'))) node.remove(); }");
        await Page.ClickAsync("#up");

        await Page.ShowsAsync("#late", "late 1");
        await Page.ClickAsync("#up");
        await Page.ShowsAsync("#late", "late 2");
    }

    /// <summary>Shows a page whose script has not come yet.</summary>
    private async Task ShowAsync(string address)
    {
        await Page.AddInitScriptAsync(Tools);
        await Page.AddInitScriptAsync(
            """
            let joins = 0;
            document.addEventListener('holdfast:joined', ({ detail }) => {
                window.gotHtml = 'html' in detail;
                document.documentElement.dataset.joins = ++joins;
            });
            """);
        _script = await SlowScript.ShowAsync(Page, address);
    }

    /// <summary>Lets the script come, and the page join.</summary>
    private Task JoinAsync() => _script.ComesAsync();

    private Task<string> ReplacedAsync() => Page.EvaluateAsync<string>("() => replaced()");
}
