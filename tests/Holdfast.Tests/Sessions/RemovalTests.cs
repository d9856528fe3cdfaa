using System.Text;
using Holdfast.Connections;
using Holdfast.Diagnostics;
using Holdfast.Sessions;
using Holdfast.State;
using Holdfast.Stores;
using Holdfast.Testing.Faults;
using Holdfast.Testing.Time;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Tests.Sessions;

/// <summary>What is removed stays removed, and takes nothing newer with it: where writes wait, fail or lose their answer, and other nodes write meanwhile.</summary>
public sealed class RemovalTests : IDisposable
{
    private static readonly PersistedView View = PersistedView.Of(typeof(Kept));
    private static readonly RecordOwner Emptied = new(null, 1);

    private readonly FakeTimeProvider _clock = new();
    private readonly MemorySessionStore _stored;
    private readonly FaultyStore _store;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<HoldfastMeter>().BuildServiceProvider();
    private readonly SessionRegistry _here;
    private readonly SessionRegistry _elsewhere;

    public RemovalTests()
    {
        _stored = new MemorySessionStore(_clock);
        _store = new FaultyStore(_stored);
        var metrics = new StoreMetrics(_services.GetRequiredService<HoldfastMeter>(), NullLogger<StoreMetrics>.Instance);
        var limits = new SessionLimits(TimeSpan.FromDays(1), 64 * 1024, 64 * 1024);
        _here = new SessionRegistry(_store, limits, _clock, metrics);
        _elsewhere = new SessionRegistry(_stored, limits, _clock, metrics); // Its writes neither wait nor fail.
    }

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData("/page")]
    [InlineData("/other")]
    public async Task What_another_node_stores_while_a_record_is_being_emptied_goes_too(string written)
    {
        var session = await UseAsync(_here);
        await SetAsync(session, Lease(session, "/page", "a"), nameof(Kept.Shared), "old");
        var other = await UseAsync(_elsewhere);
        var lease = Lease(other, written, "b");
        _store.HoldWrites();
        var emptied = session.ChangeOwnerAsync(RecordOwner.Visitor, Emptied, keepsState: false, CancellationToken.None);
        await SetAsync(other, lease, nameof(Kept.Own), "late");
        _store.ReleaseWrites();
        (await emptied).ShouldBeTrue();
        (await EntriesAsync()).Keys.ShouldBe([RecordOwner.Entry]);
    }

    [Fact]
    public async Task A_record_that_is_emptied_while_its_view_is_cleared_elsewhere_is_empty()
    {
        var session = await UseAsync(_here);
        await SetAsync(session, Lease(session, "/page", "a"), nameof(Kept.Shared), "old");
        var other = await UseAsync(_elsewhere);
        var lease = Lease(other, "/page", "b");
        _store.HoldWrites();
        var emptied = session.ChangeOwnerAsync(RecordOwner.Visitor, Emptied, keepsState: false, CancellationToken.None);
        other.Clear(lease, null, 0).ShouldBeGreaterThan(0);
        await SetAsync(other, lease, nameof(Kept.Shared), "late");
        _store.ReleaseWrites();
        (await emptied).ShouldBeTrue();
        (await EntriesAsync()).Keys.ShouldBe([RecordOwner.Entry]);
    }

    [Fact]
    public async Task What_another_node_stored_after_a_record_was_emptied_stays_though_the_answer_was_lost()
    {
        var session = await UseAsync(_here);
        await SetAsync(session, Lease(session, "/page", "a"), nameof(Kept.Shared), "old");
        _store.FailWrites(WriteFault.AfterItWasApplied);
        var emptied = session.ChangeOwnerAsync(RecordOwner.Visitor, Emptied, keepsState: false, CancellationToken.None);
        await Until.SoAsync(() => session.IsStoreFailing);
        var other = await UseAsync(_elsewhere);
        await SetAsync(other, Lease(other, "/page", "b", Emptied), nameof(Kept.Shared), "new");
        await PassAsync(emptied);
        Text(await EntriesAsync(), EntryKind.Member, nameof(Kept.Shared)).ShouldBe("\"new\"");
    }

    [Fact]
    public async Task What_another_node_stored_after_a_view_was_removed_is_seen_here_and_stays()
    {
        var session = await UseAsync(_here);
        await SetAsync(session, Lease(session, "/page", "a"), nameof(Kept.Shared), "old");
        (await session.ChangeOwnerAsync(RecordOwner.Visitor, Emptied, keepsState: false, CancellationToken.None)).ShouldBeTrue();
        var other = await UseAsync(_elsewhere);
        await SetAsync(other, Lease(other, "/page", "b", Emptied), nameof(Kept.Shared), "new");
        await session.RefreshAsync(CancellationToken.None);
        Encoding.UTF8.GetString(session.ReadShared("/page", View.Members.Single(member => member.Name == nameof(Kept.Shared)))!).ShouldBe("\"new\"");
        await SetAsync(session, Lease(session, "/page", "c", Emptied), nameof(Kept.Own), "mine");
        var entries = await EntriesAsync();
        Text(entries, EntryKind.Member, nameof(Kept.Shared)).ShouldBe("\"new\"");
        entries.Keys.ShouldContain(entry => entry.Name == "b");
    }

    [Fact]
    public async Task What_another_node_stored_after_a_view_was_cleared_stays_though_the_answer_was_lost()
    {
        var session = await UseAsync(_here);
        var clearing = Lease(session, "/page", "a");
        await SetAsync(session, clearing, nameof(Kept.Shared), "old");
        var tab = Lease(session, "/page", "b");
        await SetAsync(session, tab, nameof(Kept.Own), "old");
        _store.FailWrites(WriteFault.AfterItWasApplied);
        session.Clear(clearing, null, 0).ShouldBeGreaterThan(0);
        await Until.SoAsync(() => session.IsStoreFailing);
        var other = await UseAsync(_elsewhere);
        var anew = Lease(other, "/page", "b");
        await SetAsync(other, anew, nameof(Kept.Shared), "new");
        await SetAsync(other, anew, nameof(Kept.Own), "new");
        await PassAsync(session.FlushAsync(CancellationToken.None));
        var entries = await EntriesAsync();
        Text(entries, EntryKind.Member, nameof(Kept.Shared)).ShouldBe("\"new\"");
        Text(entries, EntryKind.Tab, "b").ShouldContain("\"new\"");
    }

    [Fact]
    public async Task What_another_node_stored_before_a_view_was_cleared_goes_though_the_clear_conflicts()
    {
        var session = await UseAsync(_here);
        var clearing = Lease(session, "/page", "a");
        await SetAsync(session, clearing, nameof(Kept.Shared), "old");
        var other = await UseAsync(_elsewhere);
        _store.HoldWrites();
        session.Clear(clearing, null, 0).ShouldBeGreaterThan(0);
        var late = Lease(other, "/page", "b");
        await SetAsync(other, late, nameof(Kept.Shared), "late");
        await SetAsync(other, late, nameof(Kept.Own), "late");
        _store.ReleaseWrites();
        await PassAsync(session.FlushAsync(CancellationToken.None));
        var entries = await EntriesAsync();
        entries.Keys.ShouldNotContain(entry => entry.Kind == EntryKind.Member);
        entries.Keys.ShouldNotContain(entry => entry.Name == "b");
    }

    [Fact]
    public async Task A_tab_that_was_cleared_does_not_come_back_by_an_instance_that_ends()
    {
        var session = await UseAsync(_here);
        var clearing = Lease(session, "/page", "a");
        var tab = Lease(session, "/page", "b");
        await SetAsync(session, tab, nameof(Kept.Own), "old");
        _store.HoldWrites();
        Merge(session, clearing, nameof(Kept.Shared), "on its way").ShouldBeGreaterThan(0);
        session.Clear(clearing, null, 0).ShouldBeGreaterThan(0);
        Merge(session, tab, nameof(Kept.Own), "late").ShouldBe(-1);
        _store.ReleaseWrites();
        await session.FlushAsync(CancellationToken.None);
        (await EntriesAsync()).Keys.ShouldNotContain(entry => entry.Name == "b");
    }

    [Fact]
    public async Task A_record_that_was_never_stored_is_revoked_by_a_store_that_fails_once()
    {
        var session = await UseAsync(_here);
        _store.FailWrites(WriteFault.BeforeItWasApplied);
        await PassAsync(session.ChangeOwnerAsync(RecordOwner.Visitor, Emptied, keepsState: false, CancellationToken.None));
        RecordOwner.Decode((await EntriesAsync())[RecordOwner.Entry]).ShouldBe(Emptied);
    }

    [Fact]
    public async Task A_view_that_begins_anew_where_it_was_begun_before_is_told_from_its_earlier_life()
    {
        var session = await UseAsync(_here);
        await SetAsync(session, Lease(session, "/page", "a"), nameof(Kept.Shared), "old");
        var earlier = Text(await EntriesAsync(), EntryKind.Slice, "", "/page");
        var other = await UseAsync(_elsewhere);
        (await other.ChangeOwnerAsync(RecordOwner.Visitor, Emptied, keepsState: false, CancellationToken.None)).ShouldBeTrue();
        await session.RefreshAsync(CancellationToken.None);
        await SetAsync(session, Lease(session, "/page", "a", Emptied), nameof(Kept.Shared), "new");
        Text(await EntriesAsync(), EntryKind.Slice, "", "/page").ShouldNotBe(earlier);
    }

    [Fact]
    public async Task What_was_removed_for_a_change_that_did_not_fit_is_stored_as_removed()
    {
        var session = await UseAsync(_here);
        await SetAsync(session, Lease(session, "/page", "a"), nameof(Kept.Own), new string('x', 40_000));
        var old = Lease(session, "/page", "b");
        await SetAsync(session, old, nameof(Kept.Own), "old");
        session.Return(old);
        _clock.Advance(TimeSpan.FromHours(2));
        Should.Throw<StateException>(() => Merge(session, Lease(session, "/page", "c"), nameof(Kept.Own), new string('x', 40_000)));
        await session.FlushAsync(CancellationToken.None);
        (await EntriesAsync()).Keys.ShouldNotContain(entry => entry.Name == "b");
        session.Durable.ShouldBe(session.Version);
    }

    [Fact]
    public async Task What_is_carried_over_while_another_node_writes_the_same_tab_is_there_all_the_same()
    {
        var own = await UseAsync(_here);
        await SetAsync(own, Lease(own, "/page", "a"), nameof(Kept.Shared), "own");
        var visitor = await _here.UseAsync("visitor", CancellationToken.None);
        await SetAsync(visitor, Lease(visitor, "/page", "a"), nameof(Kept.Own), "of the visitor's tab");
        await SetAsync(visitor, Lease(visitor, "/page", "a"), nameof(Kept.Shared), "of the visitor");
        var other = await UseAsync(_elsewhere);
        await SetAsync(other, Lease(other, "/page", "a"), nameof(Kept.Own), "late");

        await own.CarryOverAsync(visitor, RecordOwner.Visitor, CancellationToken.None);

        var entries = await EntriesAsync();
        Text(entries, EntryKind.Member, nameof(Kept.Shared)).ShouldBe("\"of the visitor\"");
        Text(entries, EntryKind.Tab, "a").ShouldContain("of the visitor's tab");
    }

    private static ValueTask<Session> UseAsync(SessionRegistry node) => node.UseAsync("s", CancellationToken.None);

    private static SliceLease Lease(Session session, string slice, string tab, RecordOwner claim = default) =>
        session.Lease(slice, View, new PageIdentity(InstanceName.New(), tab, "d" + tab), isFresh: false, claim, new Holder());

    private static long Merge(Session session, SliceLease lease, string member, string value) =>
        session.Merge(lease, View, [new MemberChange(Array.FindIndex(View.Members, known => known.Name == member), Encoding.UTF8.GetBytes($"\"{value}\""))], "d" + lease.Tab, 1);

    private static async Task SetAsync(Session session, SliceLease lease, string member, string value)
    {
        Merge(session, lease, member, value).ShouldBeGreaterThan(0);
        await session.FlushAsync(CancellationToken.None);
    }

    /// <summary>Lets the time pass that a writer waits before it tries again.</summary>
    private Task PassAsync(Task end) => Until.SoAsync(() =>
    {
        _clock.Advance(TimeSpan.FromSeconds(1));
        return end.IsCompleted;
    });

    private async Task<IReadOnlyDictionary<EntryKey, byte[]>> EntriesAsync() => (await _stored.ReadAsync("s", 0, CancellationToken.None)).Session!.Entries;

    private static string Text(IReadOnlyDictionary<EntryKey, byte[]> entries, EntryKind kind, string name, string slice = "/page") =>
        Encoding.UTF8.GetString(entries[new EntryKey(slice, kind, name)]);

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
