using System.Text.Json;

namespace Holdfast.Benchmarks.Stores;

/// <summary>What the process measured.</summary>
/// <param name="Loads">One for each number of sessions.</param>
/// <param name="Small">Bytes written a click, where the session has nothing else.</param>
/// <param name="Large">Bytes written a click, where the session has <see cref="StoreWorker.LargeBytes"/> of other state.</param>
internal sealed record StoreFigures(List<StoreLoad> Loads, double? Small, double? Large);

/// <summary>What so many sessions gave: for the store and each of its peers one sample a round.</summary>
internal sealed record StoreLoad(int Sessions, List<ClickSample> Store, List<List<ClickSample>> Peers);

/// <summary>The measured process: runs a store and its peers by turns, and writes what they gave to the standard output.</summary>
internal static class StoreWorker
{
    /// <summary>What the large session has beside what is clicked: almost a member's limit.</summary>
    public const int LargeBytes = 60 * 1024;

    /// <summary>How many sessions click at once.</summary>
    public static readonly int[] Sessions = [1, 100, 1000];

    /// <summary>For counting bytes: enough that batches are as they are under load.</summary>
    private const int CountedSessions = 100;

    /// <summary>For each writer and number of sessions. Chosen: after it the costs no longer fall.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(string store, string place, int rounds, TimeSpan turn)
    {
        var keys = SessionWriter.NewKeys(Sessions.Max());
        await using var tested = await StoreUnderTest.OpenAsync(store, place);
        await using var own = await SessionWriter.CreateAsync(tested.Store, keys);
        var peers = await tested.OpenPeersAsync(await SessionWriter.RecordAsync(), keys);
        IClickWriter[] writers = [own, .. peers];
        var loads = new List<StoreLoad>();
        foreach (var sessions in Sessions)
        {
            loads.Add(await CompareAsync(writers, sessions, rounds, turn));
        }

        var figures = new StoreFigures(loads, await CountAsync(tested, rest: 0, turn), await CountAsync(tested, LargeBytes, turn));
        foreach (var peer in peers)
        {
            await peer.DisposeAsync();
        }

        Console.WriteLine(JsonSerializer.Serialize(figures));
    }

    /// <summary>One turn for each in every round, in the other order every time: what disturbs the machine meets all of them alike.</summary>
    private static async Task<StoreLoad> CompareAsync(IClickWriter[] writers, int sessions, int rounds, TimeSpan turn)
    {
        foreach (var writer in writers)
        {
            await ClickLoop.RunAsync(writer, sessions, WarmUp);
        }

        var samples = Array.ConvertAll(writers, _ => new List<ClickSample>());
        for (var round = 0; round < rounds; round++)
        {
            foreach (var i in round % 2 == 0 ? Enumerable.Range(0, writers.Length) : Enumerable.Range(0, writers.Length).Reverse())
            {
                samples[i].Add(await ClickLoop.RunAsync(writers[i], sessions, turn));
            }
        }

        return new StoreLoad(sessions, samples[0], [.. samples[1..]]);
    }

    /// <summary>How many bytes are written for a click.</summary>
    private static async Task<double?> CountAsync(StoreUnderTest tested, int rest, TimeSpan turn)
    {
        await using var writer = await SessionWriter.CreateAsync(tested.Store, SessionWriter.NewKeys(CountedSessions), rest);
        var counted = new CountingWriter(writer);
        var before = await tested.BytesWrittenAsync();
        await ClickLoop.RunAsync(counted, CountedSessions, turn);
        return (await tested.BytesWrittenAsync() - before) / (double)counted.Clicks;
    }

    /// <summary>Counts all clicks, also those that are not measured.</summary>
    private sealed class CountingWriter(IClickWriter writer) : IClickWriter
    {
        private long _clicks;

        public long Clicks => Interlocked.Read(ref _clicks);

        public Task ClickAsync(int session)
        {
            Interlocked.Increment(ref _clicks);
            return writer.ClickAsync(session);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
