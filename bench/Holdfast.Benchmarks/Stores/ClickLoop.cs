using System.Diagnostics;

namespace Holdfast.Benchmarks.Stores;

/// <summary>What one turn of one writer gave.</summary>
/// <param name="Clicks">How many became durable while it was measured.</param>
/// <param name="PerSecond">Durable acks a second.</param>
/// <param name="MedianMilliseconds">From the click until it is durable.</param>
/// <param name="P99Milliseconds">From the click until it is durable.</param>
/// <param name="CpuMicroseconds">Of this process, a click.</param>
/// <param name="AllocatedBytes">In this process, a click.</param>
internal sealed record ClickSample(long Clicks, double PerSecond, double MedianMilliseconds, double P99Milliseconds, double CpuMicroseconds, double AllocatedBytes);

/// <summary>Many sessions click in a closed loop: each clicks again as soon as its last click is durable.</summary>
internal static class ClickLoop
{
    /// <summary>What is at least not counted at the beginning; it goes on until each session has had an ack.</summary>
    private static readonly TimeSpan LeadIn = TimeSpan.FromMilliseconds(150);

    public static async Task<ClickSample> RunAsync(IClickWriter writer, int sessions, TimeSpan duration)
    {
        var phase = new Phase();
        var begun = Enumerable.Range(0, sessions).Select(_ => new TaskCompletionSource()).ToList();
        var loops = begun.Select((first, session) => Task.Run(() => ClickAsync(writer, session, first, phase))).ToList();
        await Task.WhenAll(Task.Delay(LeadIn), Task.WhenAny(Task.WhenAll(begun.Select(first => first.Task)), Task.WhenAny(loops).Unwrap()));
        var (cpu, allocated, started) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp());
        phase.IsMeasuring = true;
        await Task.WhenAny(Task.Delay(duration), Task.WhenAny(loops).Unwrap());
        phase.IsMeasuring = false;
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        (cpu, allocated) = (Environment.CpuUsage.TotalTime - cpu, GC.GetTotalAllocatedBytes() - allocated);
        phase.IsOver = true;
        var latencies = (await Task.WhenAll(loops)).SelectMany(times => times).Order().ToList();
        if (latencies.Count == 0)
        {
            throw new InvalidOperationException($"No click of {sessions} sessions became durable within {duration.TotalSeconds} s. There is nothing to compare. Look at the server, or measure for longer.");
        }

        return new ClickSample(
            latencies.Count,
            latencies.Count / seconds,
            latencies[(int)(0.5 * (latencies.Count - 1))],
            latencies[(int)(0.99 * (latencies.Count - 1))],
            cpu.TotalMicroseconds / latencies.Count,
            (double)allocated / latencies.Count);
    }

    /// <returns>The latencies in milliseconds.</returns>
    private static async Task<List<double>> ClickAsync(IClickWriter writer, int session, TaskCompletionSource first, Phase phase)
    {
        var latencies = new List<double>(128);
        while (!phase.IsOver)
        {
            var started = Stopwatch.GetTimestamp();
            var written = writer.ClickAsync(session);
            var isImmediate = written.IsCompleted;
            await written;
            first.TrySetResult();
            if (phase.IsMeasuring)
            {
                latencies.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            if (isImmediate)
            {
                await Task.Yield(); // The other sessions' turn.
            }
        }

        return latencies;
    }

    private sealed class Phase
    {
        public volatile bool IsMeasuring;
        public volatile bool IsOver;
    }
}
