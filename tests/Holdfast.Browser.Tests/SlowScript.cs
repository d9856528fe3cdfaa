namespace Holdfast.Browser.Tests;

/// <summary>A page whose script has not come yet: somebody else is there first.</summary>
internal sealed class SlowScript
{
    private readonly TaskCompletionSource _mayCome = new();
    private readonly IPage _page;

    private SlowScript(IPage page) => _page = page;

    /// <summary>Shows a page, as far as it is shown without the script.</summary>
    public static async Task<SlowScript> ShowAsync(IPage page, string address)
    {
        var script = new SlowScript(page);
        await page.RouteAsync("**/holdfast.js*", async route =>
        {
            await script._mayCome.Task;
            await route.ContinueAsync();
        });
        await page.GotoAsync(address, new PageGotoOptions { WaitUntil = WaitUntilState.Commit });
        await page.WaitForFunctionAsync("() => document.readyState === 'interactive' && document.querySelector('script#holdfast')");
        return script;
    }

    /// <summary>Lets the script come, and the page join.</summary>
    public async Task ComesAsync()
    {
        _mayCome.SetResult();
        await _page.BecomesAsync("live");
    }
}
