using System.Collections.Concurrent;

namespace Holdfast.Browser.Tests;

/// <summary>
/// A test in a browser context of its own: no cookies, no storage. What a page writes to the console as an error, or throws,
/// fails the test, unless the test says that it belongs to it.
/// </summary>
public abstract class BrowserTest(Browser browser) : IAsyncLifetime
{
    /// <summary>How long Playwright waits for anything: far above what a healthy page needs.</summary>
    private const float TimeoutMilliseconds = 10_000;

    private readonly ConcurrentQueue<string> _errors = new();
    /// <summary>The browser asks for an icon where a page names none, which is nothing to a test.</summary>
    private readonly ConcurrentBag<string> _expected = ["/favicon.ico"];
    private readonly List<IBrowserContext> _contexts = [];

    /// <summary>When the test gives up: its server start included.</summary>
    protected static CancellationToken Deadline
    {
        get
        {
            var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            source.CancelAfter(TimeSpan.FromSeconds(60));
            return source.Token;
        }
    }

    /// <summary>The test's browser.</summary>
    protected IBrowserContext Context { get; private set; } = null!;

    /// <summary>The first tab.</summary>
    protected IPage Page { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        Context = await NewContextAsync();
        Page = await Context.NewPageAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var context in _contexts)
        {
            await context.CloseAsync();
        }

        var unexpected = _errors.Where(error => !_expected.Any(error.Contains)).ToList();
        unexpected.ShouldBeEmpty("The page wrote errors to the console, or threw.");
        GC.SuppressFinalize(this);
    }

    /// <summary>Another browser: its own cookies and storage.</summary>
    protected async Task<IBrowserContext> NewContextAsync(BrowserNewContextOptions? options = null)
    {
        var context = await browser.Chromium.NewContextAsync(options);
        context.SetDefaultTimeout(TimeoutMilliseconds);
        context.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                _errors.Enqueue($"{message.Text} ({message.Location})");
            }
        };
        context.WebError += (_, error) => _errors.Enqueue(error.Error);
        _contexts.Add(context);
        return context;
    }

    /// <summary>Errors with this text belong to the test.</summary>
    protected void ExpectErrors(string text) => _expected.Add(text);

    /// <summary>The browser itself complains of each connection that fails; no script can keep it from that.</summary>
    protected void ExpectFailedConnections()
    {
        ExpectErrors("WebSocket connection to 'ws://127.0.0.1");
        ExpectErrors("Failed to load resource: net::ERR_");
    }
}
