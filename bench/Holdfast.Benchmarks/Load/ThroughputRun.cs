using System.Diagnostics;

namespace Holdfast.Benchmarks.Load;

/// <summary>What one run of clicks gave.</summary>
internal sealed record Throughput(
    double ClicksPerSecond,
    double AcksPerSecond,
    double MedianMilliseconds,
    double P99Milliseconds,
    double CpuMicroseconds,
    double AllocatedBytes,
    double BytesUp,
    double BytesDown,
    double AloneMicroseconds);

/// <summary>Clicks in a closed loop on one fresh server: many connections, then one of them alone.</summary>
internal sealed class ThroughputRun(Scenario scenario, LoadOptions options)
{
    public async Task<Throughput> RunAsync()
    {
        await using var server = await ServerProcess.StartAsync(scenario.Store, options.ServerCore);
        var open = await scenario.PrepareAsync(server);
        var connections = new List<LoadConnection>();
        for (var i = 0; i < options.Connections; i++)
        {
            connections.Add(await open());
        }

        if (connections.OfType<PageConnection>().Any(page => page.GotHtml))
        {
            throw new InvalidOperationException($"A join of '{scenario.Path}' brought HTML: the client's digest is not the server's. The joins measured would not be those of a browser.");
        }

        var (sample, latencies) = await ClickAsync(server, connections, () => server.WarmUpAsync(options), options.Duration);
        var (_, alone) = await ClickAsync(server, connections[..1], () => Task.Delay(200), TimeSpan.FromSeconds(1));
        connections.ForEach(connection => connection.Dispose());
        return sample with
        {
            MedianMilliseconds = Quantile(latencies, 0.5) / 1000,
            P99Milliseconds = Quantile(latencies, 0.99) / 1000,
            AloneMicroseconds = Quantile(alone, 0.5),
        };
    }

    private static async Task<(Throughput Sample, List<double> Latencies)> ClickAsync(
        ServerProcess server, List<LoadConnection> connections, Func<Task> warmUp, TimeSpan duration)
    {
        var phase = new LoadPhase();
        var clicking = connections.ConvertAll(connection => Task.Run(() => connection.ClickAsync(phase)));
        await warmUp();
        var figures = await server.FiguresAsync();
        var started = Stopwatch.GetTimestamp();
        var (clicks, acked, up, down) = Sum(connections);
        phase.IsMeasuring = true;
        await Task.WhenAny(Task.Delay(duration), Task.WhenAny(clicking).Unwrap());
        phase.IsMeasuring = false;
        var (laterClicks, laterAcked, laterUp, laterDown) = Sum(connections);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var later = await server.FiguresAsync();
        phase.IsOver = true;
        await Task.WhenAll(clicking);

        var latencies = new List<double>();
        connections.ForEach(connection => connection.TakeLatencies(latencies));
        double count = laterClicks - clicks;
        return (
            new Throughput(
                count / seconds,
                (laterAcked - acked) / seconds,
                0,
                0,
                (later.CpuMicroseconds - figures.CpuMicroseconds) / count,
                (later.AllocatedBytes - figures.AllocatedBytes) / count,
                (laterUp - up) / count,
                (laterDown - down) / count,
                0),
            latencies);
    }

    private static (long Clicks, long Acked, long Up, long Down) Sum(List<LoadConnection> connections) => (
        connections.Sum(connection => connection.Clicks),
        connections.Sum(connection => connection.Acked),
        connections.Sum(connection => connection.BytesUp),
        connections.Sum(connection => connection.BytesDown));

    private static double Quantile(List<double> values, double quantile)
    {
        values.Sort();
        return values[(int)(quantile * (values.Count - 1))];
    }
}
