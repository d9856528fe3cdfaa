using BenchmarkDotNet.Attributes;
using Holdfast.Benchmarks.Server.Pages;

namespace Holdfast.Benchmarks.Micro;

/// <summary>What does an event cost from its frame to its patch, with its write to the memory store? Leaves out the socket.</summary>
public class EventBenchmarks
{
    private MicroPage _transient = null!;
    private MicroPage _counter = null!;
    private MicroPage _list = null!;

    [GlobalSetup]
    public async Task SetUp()
    {
        _transient = await MicroPage.MountAsync(typeof(TransientCounter));
        _counter = await MicroPage.MountAsync(typeof(Counter));
        _list = await MicroPage.MountAsync(typeof(RowList));
    }

    [Benchmark(Baseline = true)]
    public long TransientCounter() => _transient.Click();

    [Benchmark]
    public long Counter() => _counter.Click();

    [Benchmark]
    public long RowList() => _list.Click();
}
