using BenchmarkDotNet.Attributes;
using Holdfast.Diagnostics;
using Holdfast.Sessions;
using Holdfast.State;
using Holdfast.Stores;

namespace Holdfast.Benchmarks.Micro;

/// <summary>What does a merged change cost, with its write, where the store answers at once?</summary>
public class MergeBenchmarks
{
    private readonly byte[] _json = "12345"u8.ToArray();
    private readonly PersistedView _type = PersistedView.Of(typeof(MergedView));
    private Session _session = null!;
    private SliceLease _lease = null!;
    private long _ref;

    [Params(nameof(Scope.Session), nameof(Scope.Tab))]
    public string Member { get; set; } = "";

    [GlobalSetup]
    public async Task SetUp()
    {
        var services = MicroServices.Build(new MemorySessionStore()).Services;
        _session = await services.GetRequiredService<SessionRegistry>().UseAsync("anon:visitor", CancellationToken.None);
        _lease = _session.Lease("/page", _type, new PageIdentity("instance", "tab", "document"), isFresh: true, RecordOwner.Visitor, new Holder());
    }

    [Benchmark(Baseline = true)]
    public long Merge()
    {
        var member = Array.FindIndex(_type.Members, member => member.Scope.ToString() == Member);
        return _session.Merge(_lease, _type, [new MemberChange(member, _json)], "document", ++_ref);
    }

    private sealed class Holder : ILeaseHolder
    {
        public void OnDurable()
        {
        }

        public void OnSuperseded()
        {
        }
    }

    private sealed class MergedView : LiveView
    {
        [Persist]
        public int Shared { get; set; }

        [Persist(Scope.Tab)]
        public int Own { get; set; }
    }
}
