using BenchmarkDotNet.Attributes;
using Holdfast.Benchmarks.Server.Pages;
using Holdfast.Rendering;

namespace Holdfast.Benchmarks.Micro;

/// <summary>What does it cost to find the handler of an event among those of a page?</summary>
public class AddressBenchmarks
{
    private RenderHarness _counter = null!;
    private RenderHarness _list = null!;
    private string _only = "";
    private string _last = "";

    [GlobalSetup]
    public void SetUp()
    {
        _counter = RenderHarness.Create(typeof(Counter));
        _list = RenderHarness.Create(typeof(RowList));
        _only = LastAddress(_counter);
        _last = LastAddress(_list);
    }

    [Benchmark(Baseline = true)]
    public bool OnlyHandler() => _counter.Handlers.TryResolve(_only, 0, out _, out _);

    [Benchmark]
    public bool LastOf200() => _list.Handlers.TryResolve(_last, 0, out _, out _);

    private static string LastAddress(RenderHarness harness)
    {
        for (var id = 0; ; id++)
        {
            if (harness.Handlers.TryGet(id, out var component) && component.Entries is [.., var entry])
            {
                using var text = new HtmlBuffer();
                HandlerAddress.Write(text, entry.Hash, isLong: false);
                return text.Written.ToString();
            }
        }
    }
}
