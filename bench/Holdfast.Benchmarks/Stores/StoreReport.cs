using Holdfast.Benchmarks.Load;
using static Holdfast.Benchmarks.Load.ReportText;

namespace Holdfast.Benchmarks.Stores;

/// <summary>Writes what the stores gave, beside their peers.</summary>
internal sealed class StoreReport(ReportText text, LoadOptions options)
{
    public void Write(Dictionary<StoreScenario, List<StoreFigures>> results)
    {
        if (results.Count == 0 || options.StoreRounds == 0)
        {
            return;
        }

        text.Line($"Stores: sessions that each click again as soon as the last click is durable. Medians of {options.StoreRounds} rounds of {options.StoreTurn.TotalSeconds} s (S3: {4 * options.StoreTurn.TotalSeconds} s), [lowest–highest]; shares of what the same client library writes bare, round by round.");
        text.Line();
        text.Row("", "sessions", "durable acks/s", "of the bare rate", "by CPU", "p50 / p99 ms", "bare p50 / p99 ms", "CPU µs/ack", "allocated B/ack");
        text.Row("---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:");
        foreach (var (scenario, figures) in results)
        {
            figures[0].Loads.ForEach(load => WriteLoad(scenario, load));
        }

        text.Line();
        text.Row("bytes written a click", "small session", $"session with {StoreWorker.LargeBytes / 1024} KiB of other state");
        text.Row("---", "---:", "---:");
        foreach (var (scenario, figures) in results.Where(result => result.Value[0].Small is not null))
        {
            text.Row(NameOf(scenario), Number(figures[0].Small!.Value, "N0"), Number(figures[0].Large!.Value, "N0"));
        }

        text.Line();
    }

    private void WriteLoad(StoreScenario scenario, StoreLoad load) => text.Row(
        NameOf(scenario),
        $"{load.Sessions:N0}",
        Spread(load.Store, sample => sample.PerSecond, "N0"),
        Each(scenario, load, peer => Percent(load.Store, peer, (sample, bare) => sample.PerSecond / bare.PerSecond)),
        Each(scenario, load, peer => Percent(load.Store, peer, (sample, bare) => bare.CpuMicroseconds / sample.CpuMicroseconds)),
        Latency(load.Store),
        Each(scenario, load, Latency),
        Spread(load.Store, sample => sample.CpuMicroseconds, "0.0"),
        Spread(load.Store, sample => sample.AllocatedBytes, "N0"));

    private static string NameOf(StoreScenario scenario) => scenario.Name.Split(": ")[1];

    private static string Each(StoreScenario scenario, StoreLoad load, Func<List<ClickSample>, string> cell) =>
        string.Join("<br>", load.Peers.Zip(scenario.Peers, (peer, name) => $"{name}: {cell(peer)}"));

    private static string Latency(List<ClickSample> samples) =>
        $"{Number(Median(samples, sample => sample.MedianMilliseconds), "0.00")} / {Number(Median(samples, sample => sample.P99Milliseconds), "0.00")}";

    private static string Percent(List<ClickSample> samples, List<ClickSample> peers, Func<ClickSample, ClickSample, double> ratio) =>
        Spread([.. samples.Zip(peers, (sample, peer) => 100 * ratio(sample, peer))], "0") + " %";
}
