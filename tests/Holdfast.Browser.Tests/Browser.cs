using Holdfast.Browser.Tests;

[assembly: AssemblyFixture(typeof(Browser))]

namespace Holdfast.Browser.Tests;

/// <summary>The one Chromium of a test run. Owns the browser process and Playwright's driver.</summary>
public sealed class Browser : IAsyncLifetime
{
    /// <summary>Works as root and without a network: nothing is looked up, fetched or updated.</summary>
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

    private IBrowser? _browser;
    private IPlaywright? _playwright;

    /// <summary>Makes the contexts of the tests.</summary>
    public IBrowser Chromium => _browser!;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await LaunchAsync([], []);
    }

    /// <summary>Starts another Chromium, which is the caller's.</summary>
    /// <param name="arguments">Further arguments.</param>
    /// <param name="without">Which of Playwright's own arguments it does not get.</param>
    public Task<IBrowser> LaunchAsync(string[] arguments, string[] without) => _playwright!.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
    {
        ExecutablePath = FindChromium(),
        Headless = true,
        Args = [.. Arguments, .. arguments],
        IgnoreDefaultArgs = without,
    });

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    private static string FindChromium()
    {
        if (Environment.GetEnvironmentVariable("HOLDFAST_CHROMIUM") is { Length: > 0 } named)
        {
            return named;
        }

        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return folders.Prepend("/usr/bin").Select(folder => Path.Combine(folder, "chromium")).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException(
                "No Chromium was found in /usr/bin or on the PATH. The browser tests drive a real one. "
                + "Install it ('apt-get install chromium'), or name it in HOLDFAST_CHROMIUM.");
    }
}
