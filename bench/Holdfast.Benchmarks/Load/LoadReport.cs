using System.Diagnostics;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Holdfast.Benchmarks.Stores;
using static Holdfast.Benchmarks.Load.ReportText;

namespace Holdfast.Benchmarks.Load;

/// <summary>Runs every scenario in rounds, and writes medians and spread as Markdown.</summary>
internal sealed class LoadReport(LoadOptions options)
{
    private const string Begin = "<!-- figures: written by ./bench.sh -->";
    private const string End = "<!-- /figures -->";

    private static readonly Scenario[] Clicked =
        [Scenario.Echo, Scenario.Transient, Scenario.Memory, Scenario.Sqlite, Scenario.List, Scenario.ListSqlite];

    private static readonly Scenario[] Kept = [Scenario.Echo, Scenario.Transient, Scenario.Memory, Scenario.Sqlite, Scenario.List];

    private readonly ReportText _text = new();
    private readonly string _loadBefore = LoadAverage();
    private readonly long _started = Stopwatch.GetTimestamp();

    public async Task RunAsync()
    {
        var throughput = await RepeatAsync(Clicked, options.Rounds, scenario => scenario.Name, scenario => new ThroughputRun(scenario, options).RunAsync());
        var idle = await RepeatAsync(Kept, options.IdleRounds, scenario => scenario.Name, scenario => new IdleRun(scenario, options).RunAsync());
        var requests = await RepeatAsync(RequestScenario.All, options.Rounds, scenario => scenario.Name, scenario => new RequestRun(scenario, options).RunAsync());
        var stores = await RepeatAsync(StoreScenario.All, Math.Min(options.StoreRounds, 1), scenario => scenario.Name, scenario => new StoreRun(scenario, options).RunAsync());
        WriteOrigin();
        WriteThroughput(throughput);
        WriteTraffic(throughput);
        WriteIdle(idle);
        WriteRequests(requests);
        new StoreReport(_text, options).Write(stores);
        WriteScript();
        Console.WriteLine(_text);
        if (options.Output is { } file)
        {
            var document = await File.ReadAllTextAsync(file);
            var (begin, end) = (document.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, document.IndexOf(End, StringComparison.Ordinal));
            await File.WriteAllTextAsync(file, document[..begin] + "\n\n" + _text + "\n" + document[end..]);
        }
    }

    /// <summary>One round after another, so that what else the machine does meets all scenarios alike.</summary>
    private async Task<Dictionary<TScenario, List<T>>> RepeatAsync<TScenario, T>(TScenario[] scenarios, int rounds, Func<TScenario, string> name, Func<TScenario, Task<T>> run)
        where TScenario : notnull
    {
        var results = scenarios.Where(scenario => name(scenario).Contains(options.Only, StringComparison.Ordinal)).ToDictionary(scenario => scenario, _ => new List<T>());
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var (scenario, samples) in results)
            {
                samples.Add(await run(scenario));
                Console.Error.WriteLine($"{round}/{rounds} {name(scenario)}: {samples[^1]}");
            }
        }

        return results;
    }

    private void WriteOrigin()
    {
        _text.Line($"Measured on {DateTimeOffset.UtcNow:yyyy-MM-dd} at commit `{Commit()}` with `./bench.sh{options.Arguments}`:");
        _text.Line($"{Processor()}, one core for the server and one for the client; {RuntimeInformation.OSDescription}; {RuntimeInformation.FrameworkDescription}.");
        _text.Line($"The machine's load average was {_loadBefore} before and {LoadAverage()} after the run, which itself makes about 2 and took {Stopwatch.GetElapsedTime(_started).TotalMinutes:0} minutes.");
        _text.Line();
    }

    private void WriteThroughput(Dictionary<Scenario, List<Throughput>> results)
    {
        if (results.Count == 0 || options.Rounds == 0)
        {
            return;
        }

        _text.Line($"{options.Connections} connections, each clicks again as soon as its patch is here. Medians of {options.Rounds} rounds, [lowest–highest].");
        _text.Line();
        _text.Row("", "clicks/s", "of the echo", "durable acks/s", "p50 / p99 ms", "server CPU µs/click", "of the echo, by CPU", "allocated B/click", "1 connection p50 µs");
        _text.Row("---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:");
        foreach (var (scenario, samples) in results)
        {
            _text.Row(
                scenario.Name,
                Spread(samples, sample => sample.ClicksPerSecond, "N0"),
                Share(scenario, (click, echo) => click.ClicksPerSecond / echo.ClicksPerSecond),
                scenario.Path is null || scenario == Scenario.Transient ? "–" : Spread(samples, sample => sample.AcksPerSecond, "N0"),
                $"{Median(samples, sample => sample.MedianMilliseconds):0.0} / {Median(samples, sample => sample.P99Milliseconds):0.0}",
                Spread(samples, sample => sample.CpuMicroseconds, "0.0"),
                Share(scenario, (click, echo) => echo.CpuMicroseconds / click.CpuMicroseconds),
                Spread(samples, sample => sample.AllocatedBytes, "N0"),
                Spread(samples, sample => sample.AloneMicroseconds, "0"));
        }

        _text.Line();
        if (results.TryGetValue(Scenario.Memory, out var memory) && results.TryGetValue(Scenario.Sqlite, out var sqlite))
        {
            _text.Line(
                $"The counter over SQLite against the one over memory, round by round: {Percent(sqlite, memory, (a, b) => a.ClicksPerSecond / b.ClicksPerSecond)} of its clicks/s, {Percent(sqlite, memory, (a, b) => b.CpuMicroseconds / a.CpuMicroseconds)} by CPU.");
            _text.Line();
        }

        string Share(Scenario scenario, Func<Throughput, Throughput, double> ratio) =>
            results.TryGetValue(Scenario.Echo, out var echo) && scenario != Scenario.Echo ? Percent(results[scenario], echo, ratio) : "";
    }

    private void WriteTraffic(Dictionary<Scenario, List<Throughput>> results)
    {
        if (results.Count == 0 || options.Rounds == 0)
        {
            return;
        }

        _text.Row("payload bytes per click", "up", "down");
        _text.Row("---", "---:", "---:");
        foreach (var (scenario, samples) in results)
        {
            _text.Row(scenario.Name, $"{Median(samples, sample => sample.BytesUp):0}", $"{Median(samples, sample => sample.BytesDown):0}");
        }

        _text.Line();
    }

    private void WriteIdle(Dictionary<Scenario, List<Idle>> results)
    {
        if (results.Count == 0 || options.IdleRounds == 0)
        {
            return;
        }

        _text.Line($"{options.IdlePages:N0} open pages of as many visitors, each clicked twice, then idle. Medians of {options.IdleRounds} rounds, [lowest–highest].");
        _text.Line();
        _text.Row("", "managed heap KB/page", "resident KB/page", "GET and join, ms", "server CPU µs/GET and join");
        _text.Row("---", "---:", "---:", "---:", "---:");
        foreach (var (scenario, samples) in results)
        {
            _text.Row(
                scenario.Name,
                Spread(samples, sample => sample.HeapKilobytes, "0.0"),
                Spread(samples, sample => sample.ResidentKilobytes, "0.0"),
                Spread(samples, sample => sample.JoinMilliseconds, "0.0"),
                Spread(samples, sample => sample.JoinCpuMicroseconds, "N0"));
        }

        _text.Line();
    }

    private void WriteRequests(Dictionary<RequestScenario, List<Requests>> results)
    {
        if (results.Count == 0 || options.Rounds == 0)
        {
            return;
        }

        _text.Line($"Requests without the script, {RequestRun.Connections} at once. Medians of {options.Rounds} rounds, [lowest–highest]; each pair against its first.");
        _text.Line();
        _text.Row("", "requests/s", "of the peer", "server CPU µs/request", "of the peer, by CPU", "bytes", "allocated B/request");
        _text.Row("---", "---:", "---:", "---:", "---:", "---:", "---:");
        foreach (var (scenario, samples) in results)
        {
            var peer = scenario.Peer is { } other && results.TryGetValue(other, out var known) ? known : null;
            _text.Row(
                scenario.Name,
                Spread(samples, sample => sample.PerSecond, "N0"),
                peer is null ? "" : Spread([.. samples.Zip(peer, (sample, bare) => 100 * sample.PerSecond / bare.PerSecond)], "0") + " %",
                Spread(samples, sample => sample.CpuMicroseconds, "0"),
                peer is null ? "" : Spread([.. samples.Zip(peer, (sample, bare) => 100 * bare.CpuMicroseconds / sample.CpuMicroseconds)], "0") + " %",
                Spread(samples, sample => sample.Bytes, "N0"),
                Spread(samples, sample => sample.AllocatedBytes, "N0"));
        }

        _text.Line();
    }

    private void WriteScript()
    {
        using var resource = typeof(LiveView).Assembly.GetManifestResourceStream("holdfast.js")!;
        using var script = new MemoryStream();
        resource.CopyTo(script);
        var raw = script.ToArray();
        _text.Line(
            $"The client script: {raw.Length:N0} bytes, {Compressed(raw, stream => new GZipStream(stream, CompressionLevel.SmallestSize)):N0} with gzip, {Compressed(raw, stream => new BrotliStream(stream, CompressionLevel.SmallestSize)):N0} with Brotli.");

        static long Compressed(byte[] raw, Func<Stream, Stream> compress)
        {
            using var compressed = new MemoryStream();
            using (var stream = compress(compressed))
            {
                stream.Write(raw);
            }

            return compressed.ToArray().Length;
        }
    }

    /// <summary>The ratio in each round, since what disturbs one disturbs the other.</summary>
    private static string Percent(List<Throughput> samples, List<Throughput> peers, Func<Throughput, Throughput, double> ratio) =>
        Spread([.. samples.Zip(peers, (sample, peer) => 100 * ratio(sample, peer))], "0") + " %";

    private static string Commit()
    {
        using var git = Process.Start(new ProcessStartInfo("git", "describe --always --dirty --exclude=*") { RedirectStandardOutput = true })!;
        return git.StandardOutput.ReadToEnd().Trim();
    }

    private static string LoadAverage() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static string Processor() => File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(": ")[1].Trim() ?? "an unknown processor";
}
