using BenchmarkDotNet.Attributes;
using Holdfast.State;

namespace Holdfast.Benchmarks.Micro;

/// <summary>What does it cost to find what an event changed, by the size of what is persisted?</summary>
public class CaptureBenchmarks
{
    private readonly NumberView _number = new();
    private readonly RowsView _rows = new();
    private ViewState _numberState = null!;
    private ViewState _rowsState = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _numberState = new ViewState(PersistedView.Of(typeof(NumberView)), _number, StateJson.CreateOptions(), 64 * 1024);
        _numberState.Restore(_ => null, (_, _) => { });
        _rowsState = new ViewState(PersistedView.Of(typeof(RowsView)), _rows, StateJson.CreateOptions(), 64 * 1024);
        _rowsState.Restore(_ => null, (_, _) => { });
    }

    [Benchmark(Baseline = true)]
    public int UnchangedNumber() => Capture(_numberState);

    [Benchmark]
    public int ChangedNumber()
    {
        _number.Count++;
        return Capture(_numberState);
    }

    [Benchmark]
    public int UnchangedRows() => Capture(_rowsState);

    [Benchmark]
    public int OneOf200RowsChanged()
    {
        _rows.Rows[100].Count++;
        return Capture(_rowsState);
    }

    private static int Capture(ViewState state)
    {
        List<MemberChange>? changes = null;
        state.Capture(ref changes);
        if (changes is not null)
        {
            state.Accept(changes);
        }

        return changes?.Count ?? 0;
    }

    private sealed class NumberView : LiveView
    {
        [Persist]
        public int Count { get; set; }
    }

    private sealed class RowsView : LiveView
    {
        [Persist]
        public List<Row> Rows { get; set; } = [.. Enumerable.Range(1, 200).Select(id => new Row { Id = id, Name = $"Row number {id}" })];
    }

    private sealed class Row
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";

        public int Count { get; set; }
    }
}
