using BenchmarkDotNet.Attributes;
using Holdfast.Benchmarks.Server.Pages;

namespace Holdfast.Benchmarks.Micro;

/// <summary>What comes on top of Blazor's own render until the patch is written? The 200-row list has a fresh lambda in each row.</summary>
public class RenderBenchmarks
{
    private RenderHarness _harness = null!;
    private Action _change = null!;
    private int _row;

    [Params(nameof(Counter), nameof(RowList))]
    public string Page { get; set; } = "";

    [GlobalSetup]
    public void SetUp()
    {
        _harness = RenderHarness.Create(Page == nameof(Counter) ? typeof(Counter) : typeof(RowList));
        _change = _harness.View is Counter counter ? counter.Increment : () => ((RowList)_harness.View).BumpRow(_row++ % 200);
    }

    [Benchmark(Baseline = true)]
    public long Render() => Use(RenderUse.Render);

    [Benchmark]
    public long RenderAndIndex() => Use(RenderUse.RenderAndIndex);

    [Benchmark]
    public long RenderAndPatch() => Use(RenderUse.RenderAndPatch);

    private long Use(RenderUse use)
    {
        _harness.Use = use;
        return _harness.Change(_change);
    }
}
