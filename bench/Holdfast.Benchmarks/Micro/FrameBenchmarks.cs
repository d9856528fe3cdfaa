using System.Text;
using BenchmarkDotNet.Attributes;
using Holdfast.Protocol;

namespace Holdfast.Benchmarks.Micro;

/// <summary>What does it cost to parse and check a frame?</summary>
public class FrameBenchmarks
{
    private readonly byte[] _click = Encoding.UTF8.GetBytes("""["event",123,456,"AbCdEf"]""");
    private readonly byte[] _change = Encoding.UTF8.GetBytes("""["event",123,456,"AbCdEf","some text that was typed"]""");
    private readonly byte[] _mouse = Encoding.UTF8.GetBytes("""["event",123,456,"AbCdEf",{"detail":1,"screenX":711,"screenY":402,"clientX":711,"clientY":281,"offsetX":20,"offsetY":11,"pageX":711,"pageY":281}]""");

    [Benchmark(Baseline = true)]
    public bool Click() => ClientFrame.Parse(_click).Kind == ClientFrameKind.Event;

    [Benchmark]
    public bool Change() => ClientFrame.Parse(_change).Kind == ClientFrameKind.Event;

    [Benchmark]
    public bool Mouse() => ClientFrame.Parse(_mouse).Kind == ClientFrameKind.Event;
}
