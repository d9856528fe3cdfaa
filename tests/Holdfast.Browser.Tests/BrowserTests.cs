using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Holdfast.Browser.Tests;

/// <summary>That the fixture itself works, on a page that is not live.</summary>
public sealed class BrowserTests(Browser browser) : BrowserTest(browser)
{
    private readonly Browser _browser = browser;

    [Fact]
    public async Task A_page_is_shown_and_clicked()
    {
        await using var server = await ServeAsync("<button onclick=\"this.textContent = 'clicked'\">click</button>");

        await Page.GotoAsync(server.Urls.Single());
        await Page.ClickAsync("button");

        (await Page.TextContentAsync("button")).ShouldBe("clicked");
    }

    [Fact]
    public async Task Each_context_has_its_own_cookies()
    {
        await using var server = await ServeAsync("<script>document.cookie = 'a=1'</script>");
        await Page.GotoAsync(server.Urls.Single());
        var other = await NewContextAsync();

        (await Context.CookiesAsync()).Count.ShouldBe(1);
        (await other.CookiesAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Errors_of_the_page_fail_a_test_that_does_not_expect_them()
    {
        await using var server = await ServeAsync("<script>console.error('one'); throw new Error('two')</script>");
        var test = new Inner(_browser);
        await test.InitializeAsync();

        await test.VisitAsync(server.Urls.Single());

        var failure = await Assert.ThrowsAsync<ShouldAssertException>(() => test.DisposeAsync().AsTask());
        failure.Message.ShouldContain("one");
        failure.Message.ShouldContain("two");
    }

    [Fact]
    public async Task Expected_errors_fail_nothing()
    {
        await using var server = await ServeAsync("<script>console.error('one')</script>");
        ExpectErrors("one");

        await Page.GotoAsync(server.Urls.Single());
    }

    private static async Task<WebApplication> ServeAsync(string body)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/", () => Results.Content($"<!DOCTYPE html><link rel=\"icon\" href=\"data:,\"><body>{body}</body>", "text/html"));
        await app.StartAsync(Deadline);
        return app;
    }

    /// <summary>A test within the test, which must fail.</summary>
    private sealed class Inner(Browser browser) : BrowserTest(browser)
    {
        public async Task VisitAsync(string address)
        {
            var thrown = new TaskCompletionSource();
            Context.WebError += (_, _) => thrown.TrySetResult();
            await Page.GotoAsync(address);
            await thrown.Task.WaitAsync(Deadline);
        }
    }
}
