using BenchmarkDotNet.Attributes;
using Holdfast.Sessions;
using Holdfast.State;
using Holdfast.Stores;

namespace Holdfast.Benchmarks.Micro;

/// <summary>What does it cost to capture what an event changed and merge it into the session, by what the view persists? Leaves out the write: the store never answers.</summary>
public class ChangeBenchmarks
{
    private readonly Changed<SmallView> _small = new(new SmallView());
    private readonly Changed<LargeView> _large = new(new LargeView());

    [Benchmark(Baseline = true)]
    public long OneOfThreeSmallMembers()
    {
        _small.View.Count++;
        return _small.CaptureAndMerge();
    }

    [Benchmark]
    public long ThreeSmallMembers()
    {
        _small.View.Count++;
        _small.View.IsOpen = !_small.View.IsOpen;
        _small.View.Name = _small.View.IsOpen ? "a name" : "another name";
        return _small.CaptureAndMerge();
    }

    /// <summary>Another member changed: this one is only compared.</summary>
    [Benchmark]
    public long SmallMemberBeside60KiB()
    {
        _large.View.Count++;
        return _large.CaptureAndMerge();
    }

    [Benchmark]
    public long MemberOf60KiB()
    {
        _large.View.Rows[500].Count++;
        return _large.CaptureAndMerge();
    }

    /// <summary>A view, its session, and what is captured between them.</summary>
    private sealed class Changed<TView> : ILeaseHolder
        where TView : LiveView
    {
        private readonly PersistedView _type = PersistedView.Of(typeof(TView));
        private readonly ViewState _state;
        private readonly Session _session;
        private readonly SliceLease _lease;
        private long _ref;

        public Changed(TView view)
        {
            View = view;
            _state = new ViewState(_type, view, StateJson.CreateOptions(), 64 * 1024);
            _state.Restore(_ => null, (_, _) => { });
            _session = MicroServices.Build(new SilentStore()).Services.GetRequiredService<SessionRegistry>().UseNew("anon:visitor");
            _lease = _session.Lease("/page", _type, new PageIdentity("instance", "tab", "document"), isFresh: true, RecordOwner.Visitor, this);
        }

        public TView View { get; }

        public long CaptureAndMerge()
        {
            List<MemberChange>? changes = null;
            _state.Capture(ref changes);
            var version = _session.Merge(_lease, _type, changes!, "document", ++_ref);
            _state.Accept(changes!);
            return version;
        }

        public void OnDurable()
        {
        }

        public void OnSuperseded()
        {
        }
    }

    /// <summary>Takes writes and does not answer.</summary>
    private sealed class SilentStore : ISessionStore
    {
        public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken) => ValueTask.FromResult(SessionReadResult.Missing);

        public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken) => new(new TaskCompletionSource<SessionWriteResult>().Task);

        public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) => throw new NotSupportedException("Nothing is kept here.");

        public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => throw new NotSupportedException("Nothing is kept here.");

        public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => throw new NotSupportedException("Nothing is kept here.");
    }

    private sealed class SmallView : LiveView
    {
        [Persist]
        public int Count { get; set; }

        [Persist]
        public bool IsOpen { get; set; }

        [Persist]
        public string Name { get; set; } = "";
    }

    private sealed class LargeView : LiveView
    {
        [Persist]
        public int Count { get; set; }

        /// <summary>60 KiB of JSON.</summary>
        [Persist]
        public List<Row> Rows { get; set; } = [.. Enumerable.Range(1000, 1_228).Select(id => new Row { Id = id, Name = $"Row number {id}", Count = 1000 })];
    }

    private sealed class Row
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";

        public int Count { get; set; }
    }
}
