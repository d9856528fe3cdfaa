using System.Diagnostics;

namespace Holdfast.Benchmarks.Load;

/// <summary>What one run of idle pages gave.</summary>
internal sealed record Idle(double HeapKilobytes, double ResidentKilobytes, double JoinMilliseconds, double JoinCpuMicroseconds);

/// <summary>Opens many pages of as many visitors on one fresh server, uses each a little, and looks at what they cost when nothing happens.</summary>
internal sealed class IdleRun(Scenario scenario, LoadOptions options)
{
    private const int WarmUpPages = 200;
    private const int MeasuredJoins = 100;
    private const int ClicksBefore = 2;
    private const int OpenedAtOnce = 20;

    public async Task<Idle> RunAsync()
    {
        await using var server = await ServerProcess.StartAsync(scenario.Store, options.ServerCore);
        var open = await scenario.PrepareAsync(server);
        await OpenAndLeaveAsync(open, WarmUpPages);
        var joinMilliseconds = await OpenAndLeaveAsync(open, MeasuredJoins);
        await Task.Delay(TimeSpan.FromSeconds(1));

        var before = await server.FiguresAsync(collect: true);
        var pages = await OpenAllAsync(open);
        var opened = await server.FiguresAsync();
        foreach (var page in pages)
        {
            for (var i = 0; i < ClicksBefore; i++)
            {
                await page.ClickOnceAsync();
            }
        }

        await Task.Delay(TimeSpan.FromSeconds(2));
        var after = await server.FiguresAsync(collect: true);
        pages.ForEach(page => page.Dispose());
        return new Idle(
            (after.HeapBytes - before.HeapBytes) / 1024.0 / pages.Count,
            (after.ResidentBytes - before.ResidentBytes) / 1024.0 / pages.Count,
            joinMilliseconds,
            (opened.CpuMicroseconds - before.CpuMicroseconds) / pages.Count);
    }

    /// <returns>The median time from the request for the page until its socket is joined, in milliseconds.</returns>
    private static async Task<double> OpenAndLeaveAsync(Func<Task<LoadConnection>> open, int count)
    {
        var times = new List<double>();
        for (var i = 0; i < count; i++)
        {
            var started = Stopwatch.GetTimestamp();
            using var page = await open();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await page.ClickOnceAsync();
            await page.LeaveAsync();
        }

        times.Sort();
        return times[times.Count / 2];
    }

    private async Task<List<LoadConnection>> OpenAllAsync(Func<Task<LoadConnection>> open)
    {
        var pages = new List<LoadConnection>();
        while (pages.Count < options.IdlePages)
        {
            pages.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(OpenedAtOnce, options.IdlePages - pages.Count)).Select(_ => open())));
        }

        return pages;
    }
}
