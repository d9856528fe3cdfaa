using Holdfast.Diagnostics;
using Holdfast.Sessions;
using Holdfast.State;
using Holdfast.Stores;
using Holdfast.Testing.Time;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Tests.Sessions;

/// <summary>A session that is used for long stays within its limit: what nobody has open goes first.</summary>
public sealed class EvictionTests : IDisposable
{
    private const int Limit = 64 * 1024;
    private static readonly PersistedView View = PersistedView.Of(typeof(Kept));

    private readonly FakeTimeProvider _clock = new();
    private readonly MemorySessionStore _store;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<HoldfastMeter>().BuildServiceProvider();
    private readonly StoreMetrics _metrics;
    private SessionRegistry _node;

    public EvictionTests()
    {
        _store = new MemorySessionStore(_clock);
        _metrics = new StoreMetrics(_services.GetRequiredService<HoldfastMeter>(), NullLogger<StoreMetrics>.Instance);
        _node = NewNode();
    }

    public void Dispose() => _services.Dispose();

    [Fact]
    public async Task Ten_thousand_abandoned_tabs_of_a_session_stay_within_its_limit()
    {
        for (var tab = 0; tab < 10_000; tab++)
        {
            await WriteAsync("/page", $"tab{tab}", nameof(Kept.Own), 100);
            if (tab % 20 == 0)
            {
                _clock.Advance(TimeSpan.FromMinutes(61));
            }
        }

        (await StoredBytesAsync()).ShouldBeInRange(Limit / 2, Limit);
        (await EntriesAsync()).ShouldContain(entry => entry.Name == "tab9999");
        (await EntriesAsync()).ShouldNotContain(entry => entry.Name == "tab0");
    }

    [Fact]
    public async Task Tabs_that_hold_nothing_but_their_watermarks_count_too()
    {
        for (var tab = 0; tab < 2_000; tab++)
        {
            await WriteAsync("/page", $"tab{tab}", nameof(Kept.Shared), 1);
            _clock.Advance(TimeSpan.FromMinutes(61));
        }

        (await StoredBytesAsync()).ShouldBeLessThan(Limit);
    }

    [Fact]
    public async Task Views_that_no_tab_has_open_go_when_tabs_are_not_enough()
    {
        for (var page = 0; page < 500; page++)
        {
            await WriteAsync($"/pages;id={page}", "tab", nameof(Kept.Shared), 1_000);
            _clock.Advance(TimeSpan.FromMinutes(61));
        }

        (await StoredBytesAsync()).ShouldBeLessThan(Limit);
        var slices = (await EntriesAsync()).Select(entry => entry.Slice).ToHashSet();
        slices.ShouldContain("/pages;id=499");
        slices.ShouldNotContain("/pages;id=0");
    }

    [Fact]
    public async Task What_an_open_tab_has_never_goes_and_a_session_full_of_it_says_so()
    {
        var session = await _node.UseAsync("s", CancellationToken.None);
        var open = Lease(session, "/page", "open");
        await MergeAsync(session, open, nameof(Kept.Own), 40_000);
        _clock.Advance(TimeSpan.FromHours(20));
        await WriteAsync("/page", "other", nameof(Kept.Own), 20_000);
        var error = await Should.ThrowAsync<StateException>(() => WriteAsync("/page", "third", nameof(Kept.Own), 20_000));
        error.Code.ShouldBe("limit");
        (await EntriesAsync()).Where(entry => entry.Kind == EntryKind.Tab).Select(entry => entry.Name).ShouldBe(["open", "other"], ignoreOrder: true);
        session.Return(open);
        session.Release();
    }

    [Fact]
    public async Task An_open_tab_of_a_full_session_is_not_taken_for_abandoned_by_another_node()
    {
        var session = await _node.UseAsync("s", CancellationToken.None);
        var open = Lease(session, "/page", "open");
        await MergeAsync(session, open, nameof(Kept.Own), 40_000);
        for (var i = 0; i < 120; i++)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            _node.KeepAlive();
            await session.FlushAsync(CancellationToken.None);
        }

        var here = _node;
        _node = NewNode();
        await Should.ThrowAsync<StateException>(() => WriteAsync("/page", "third", nameof(Kept.Own), 40_000));
        (await EntriesAsync()).ShouldContain(entry => entry.Name == "open");
        session.Return(open);
        session.Release();
        here.Count.ShouldBe(0);

        _clock.Advance(TimeSpan.FromMinutes(90)); // Now it is.
        await WriteAsync("/page", "third", nameof(Kept.Own), 40_000);
        (await EntriesAsync()).ShouldNotContain(entry => entry.Name == "open");
    }

    private SessionRegistry NewNode() => new(_store, new SessionLimits(TimeSpan.FromDays(3_650), Limit, Limit), _clock, _metrics);

    private static SliceLease Lease(Session session, string slice, string tab) =>
        session.Lease(slice, View, new PageIdentity("i" + tab, tab, "d" + tab), isFresh: false, RecordOwner.Visitor, new Holder());

    private async Task WriteAsync(string slice, string tab, string member, int bytes)
    {
        var session = await _node.UseAsync("s", CancellationToken.None);
        var lease = Lease(session, slice, tab);
        try
        {
            await MergeAsync(session, lease, member, bytes);
        }
        finally
        {
            session.Return(lease);
            session.Release();
        }
    }

    private static async Task MergeAsync(Session session, SliceLease lease, string member, int bytes)
    {
        var index = Array.FindIndex(View.Members, known => known.Name == member);
        session.Merge(lease, View, [new MemberChange(index, System.Text.Encoding.UTF8.GetBytes($"\"{new string('x', bytes)}\""))], "d" + lease.Tab, 1).ShouldBeGreaterThan(0);
        await session.FlushAsync(CancellationToken.None);
    }

    private async Task<List<EntryKey>> EntriesAsync() => [.. (await _store.ReadAsync("s", 0, CancellationToken.None)).Session!.Entries.Keys];

    private async Task<int> StoredBytesAsync() =>
        (await _store.ReadAsync("s", 0, CancellationToken.None)).Session!.Entries.Sum(entry => entry.Key.Slice.Length + entry.Key.Name.Length + entry.Value.Length);

    private sealed class Holder : ILeaseHolder
    {
        public void OnDurable()
        {
        }

        public void OnSuperseded()
        {
        }
    }

    private sealed class Kept : LiveView
    {
        [Persist]
        public string Shared { get; set; } = "";

        [Persist(Scope.Tab)]
        public string Own { get; set; } = "";
    }
}
