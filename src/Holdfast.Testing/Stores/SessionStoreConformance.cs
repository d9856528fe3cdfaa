using System.Text;
using Holdfast.Stores;
using Holdfast.Testing.Time;
using Xunit;

// The name of a fact is its documentation.
#pragma warning disable CS1591

namespace Holdfast.Testing.Stores;

/// <summary>
/// What every store promises, a fact for each promise. A store's test class inherits it (a store that outlives its process:
/// <see cref="DurableSessionStoreConformance"/>) and says how the store is opened.
/// </summary>
/// <remarks>xunit makes an instance for each fact: each has data of its own, and leaves none behind.</remarks>
public abstract class SessionStoreConformance : IAsyncLifetime
{
    /// <summary>How long a session of the suite lives unless the fact is about its expiry.</summary>
    protected static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private readonly List<ISessionStore> _opened = [];

    /// <summary>The clock of all stores of this fact.</summary>
    protected FakeTimeProvider Clock { get; } = new();

    /// <summary>The first node's store.</summary>
    protected ISessionStore Store { get; private set; } = null!;

    /// <summary>How many steps each random history has. A slow store may take fewer; each witness still has to be met.</summary>
    protected virtual int HistorySteps => 1_000;

    /// <summary>How often each of eight racing writers has to win. A fast store needs many for a flaw to show.</summary>
    protected virtual int RaceIncrements => 20;

    /// <summary>The fact's end.</summary>
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Opens a store on the data of this fact, which are empty at first. Called again for a second node: that one
    /// sees the same data. Stores that are <see cref="IAsyncDisposable"/> are disposed at the fact's end.</summary>
    protected abstract ValueTask<ISessionStore> OpenStoreAsync(FakeTimeProvider clock);

    /// <summary>Removes the fact's data. Called after all of its stores are disposed.</summary>
    protected virtual ValueTask CleanUpAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => Store = await OpenNodeAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAllAsync();
        await CleanUpAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens another store on the same data.</summary>
    protected async ValueTask<ISessionStore> OpenNodeAsync()
    {
        var store = await OpenStoreAsync(Clock);
        _opened.Add(store);
        return store;
    }

    /// <summary>Disposes every store of this fact.</summary>
    protected async ValueTask CloseAllAsync()
    {
        foreach (var store in _opened.Distinct().OfType<IAsyncDisposable>())
        {
            await store.DisposeAsync();
        }
        _opened.Clear();
    }

    // Reading and writing

    [Fact]
    public async Task A_session_that_was_never_written_is_missing()
    {
        Assert.Equal(SessionReadResult.Missing, await Store.ReadAsync("nobody", 0, Cancel));
        Assert.Equal(SessionReadResult.Missing, await Store.ReadAsync("nobody", 7, Cancel));
        Assert.False(await Store.DeleteAsync("nobody", Cancel));
    }

    [Fact]
    public async Task What_is_written_is_read_back_with_its_revision_and_expiry()
    {
        EntryChange[] changes =
        [
            Set(new("/cart", EntryKind.Slice, ""), "version 1"),
            Set(new("/cart", EntryKind.Member, "Items"), "[1,2,3]"),
            Set(new("/cart", EntryKind.Tab, "tab-1"), "fence"),
        ];

        var revision = await CommitAsync("s", 0, changes);

        var session = await ReadAsync("s");
        Assert.Equal(revision, session.Revision);
        Assert.Equal(Clock.GetUtcNow() + Lifetime, session.ExpiresAt);
        AssertEntries(changes, session);
    }

    [Fact]
    public async Task A_session_without_entries_is_a_session()
    {
        var revision = await CommitAsync("s", 0);

        var session = await ReadAsync("s");
        Assert.Equal(revision, session.Revision);
        Assert.Empty(session.Entries);
    }

    [Fact]
    public async Task Values_of_any_size_and_any_bytes_come_back_as_they_were()
    {
        var everyByte = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        EntryChange[] changes =
        [
            new(Member("empty"), []),
            new(Member("zero"), [0]),
            new(Member("every byte"), everyByte),
            new(Member("64 KiB"), RandomBytes(64 * 1024)),
            new(Member("1 MiB"), RandomBytes(1024 * 1024)),
        ];

        await CommitAsync("s", 0, changes);

        AssertEntries(changes, await ReadAsync("s"));
    }

    [Fact]
    public async Task Entry_names_are_any_Unicode_and_are_compared_ordinally()
    {
        string[] names =
        [
            "", " ", "a", "A", "a ", "é", "e\u0301", "ß", "SS", "İ", "日本語", "שלום", "👩‍👩‍👧", "\uFEFF", "\u2028",
            new string('n', 256), new string('é', 256),
        ];

        await WriteAndReadBackAsync(
        [
            .. names.Select(name => Member(name)),
            new EntryKey(new string('/', 1024), EntryKind.Member, "long"),
            new EntryKey(new string('日', 1024), EntryKind.Member, "long"),
        ]);
    }

    [Fact]
    public async Task Entry_names_that_look_like_code_are_only_names()
    {
        string[] names =
        [
            "'", "''", "\"", "`", "%", "_", "*", "?", "\\", "\n", "\r\n", "\t", "\u0001", ";", "--", "/*", "$1", "@p", ":name",
            "{0}", "{}", "[", "]", "a:b", "a|b", "a,b", "a=b", "a/b", "..", "../x", "%00", "%2F", "&amp;", "NULL", "null",
            "'; DROP TABLE records; --", "x' OR '1'='1", "Robert'); DELETE FROM entries;--", "\\u0000", "redis.call('FLUSHALL')",
        ];

        await WriteAndReadBackAsync(
            [.. names.Select(name => Member(name)), .. names.Select(name => new EntryKey(name, EntryKind.Tab, name))]);
    }

    [Fact]
    public async Task Entries_differ_by_slice_by_kind_and_by_name()
    {
        await WriteAndReadBackAsync(
        [
            new("a", EntryKind.Slice, ""), new("a", EntryKind.Member, ""), new("a", EntryKind.Tab, ""),
            new("a", EntryKind.Member, "b"), new("a", EntryKind.Tab, "b"), new("b", EntryKind.Member, "a"),
            new("", EntryKind.Member, "ab"), new("ab", EntryKind.Member, ""), new("a", EntryKind.Member, "m"),
            new("am", EntryKind.Member, ""), new("a:m", EntryKind.Member, "b"), new("a", EntryKind.Member, "m:b"),
        ]);
    }

    [Fact]
    public async Task Session_keys_of_every_allowed_form_are_kept_apart()
    {
        string[] keys =
        [
            "a", "A", "a.", ".a", ".", "..", "-", "--", "_", ":", "a:b", "a.b", "a-b", "a_b", "ab", "anon:x", "user:x", "0", "00",
            new string('k', 256), new string('k', 255),
        ];
        foreach (var key in keys)
        {
            await CommitAsync(key, 0, Set(Member("key"), key));
        }

        foreach (var key in keys)
        {
            Assert.Equal(key, Text(await ReadAsync(key), Member("key")));
        }
        Assert.Equal(keys.Order(StringComparer.Ordinal), await ListAsync());
    }

    [Fact]
    public async Task A_change_touches_only_what_it_names()
    {
        var revision = await CommitAsync("s", 0, Set(Member("a"), "1"), Set(Member("b"), "1"), Set(Member("c"), "1"));
        await CommitAsync("other", 0, Set(Member("a"), "untouched"));

        await CommitAsync("s", revision, Set(Member("b"), "2"), Set(Member("d"), "2"));

        AssertEntries(
            [Set(Member("a"), "1"), Set(Member("b"), "2"), Set(Member("c"), "1"), Set(Member("d"), "2")],
            await ReadAsync("s"));
        AssertEntries([Set(Member("a"), "untouched")], await ReadAsync("other"));
    }

    [Fact]
    public async Task An_entry_that_is_removed_is_gone_and_removing_it_again_is_no_error()
    {
        var revision = await CommitAsync("s", 0, Set(Member("a"), "1"), Set(Member("b"), "1"));

        revision = await CommitAsync("s", revision, Remove(Member("a")), Remove(Member("never there")));
        AssertEntries([Set(Member("b"), "1")], await ReadAsync("s"));

        revision = await CommitAsync("s", revision, Remove(Member("a")), Remove(Member("b")));
        Assert.Empty((await ReadAsync("s")).Entries);

        await CommitAsync("s", revision, Set(Member("a"), "again"));
        AssertEntries([Set(Member("a"), "again")], await ReadAsync("s"));
    }

    [Fact]
    public async Task An_empty_change_moves_the_expiry_and_raises_the_revision()
    {
        var first = await CommitAsync("s", 0, Set(Member("a"), "1"));
        Clock.Advance(TimeSpan.FromHours(1));

        var second = await CommitAsync("s", first);

        var session = await ReadAsync("s");
        Assert.True(second > first);
        Assert.Equal(second, session.Revision);
        Assert.Equal(Clock.GetUtcNow() + Lifetime, session.ExpiresAt);
        AssertEntries([Set(Member("a"), "1")], session);
    }

    [Fact]
    public async Task Every_commit_raises_the_revision()
    {
        var revision = await CommitAsync("s", 0);
        for (var i = 0; i < 20; i++)
        {
            var next = await CommitAsync("s", revision, Set(Member("i"), $"{i}"));
            Assert.True(next > revision, $"{next} came after {revision}");
            revision = next;
        }
        Assert.Equal(revision, (await ReadAsync("s")).Revision);
    }

    [Fact]
    public async Task A_read_with_the_stored_revision_is_unchanged_and_with_any_other_a_read()
    {
        var first = await CommitAsync("s", 0, Set(Member("a"), "1"));
        var second = await CommitAsync("s", first, Set(Member("a"), "2"));

        Assert.Equal(SessionReadResult.Unchanged, await Store.ReadAsync("s", second, Cancel));
        foreach (var known in new[] { 0, first, second + 1 })
        {
            var read = await Store.ReadAsync("s", known, Cancel);
            Assert.Equal(SessionReadStatus.Read, read.Status);
            Assert.Equal("2", Text(read.Session!, Member("a")));
        }
    }

    [Fact]
    public async Task Bytes_are_not_shared_with_who_wrote_or_read_them()
    {
        var written = Encoding.UTF8.GetBytes("as written");
        await CommitAsync("s", 0, new EntryChange(Member("a"), written));
        Array.Clear(written);

        var read = await ReadAsync("s");
        Assert.Equal("as written", Text(read, Member("a")));
        Array.Clear(read.Entries[Member("a")]);

        Assert.Equal("as written", Text(await ReadAsync("s"), Member("a")));
    }

    // Compare-and-set

    [Theory]
    [InlineData("zero")]
    [InlineData("stale")]
    [InlineData("future")]
    [InlineData("negative")]
    public async Task A_write_on_another_revision_conflicts_and_changes_nothing(string which)
    {
        var stale = await CommitAsync("s", 0, Set(Member("a"), "1"), Set(Member("b"), "1"));
        var stored = await CommitAsync("s", stale, Set(Member("a"), "2"));
        var expected = which switch { "zero" => 0, "stale" => stale, "future" => stored + 1, _ => -1 };

        var write = Write(expected, Set(Member("a"), "3"), Remove(Member("b")), Set(Member("c"), "3"))
            with { ExpiresAt = Clock.GetUtcNow() + TimeSpan.FromSeconds(1) };
        var result = await Store.WriteAsync("s", write, Cancel);

        Assert.Equal(SessionWriteResult.Conflict, result);
        var session = await ReadAsync("s");
        Assert.Equal(stored, session.Revision);
        Assert.Equal(Clock.GetUtcNow() + Lifetime, session.ExpiresAt);
        AssertEntries([Set(Member("a"), "2"), Set(Member("b"), "1")], session);
    }

    [Fact]
    public async Task A_write_on_a_revision_of_a_session_that_is_not_there_conflicts_and_makes_none()
    {
        Assert.Equal(SessionWriteResult.Conflict, await Store.WriteAsync("s", Write(1, Set(Member("a"), "1")), Cancel));

        Assert.Equal(SessionReadResult.Missing, await Store.ReadAsync("s", 0, Cancel));
        Assert.Empty(await ListAsync());
    }

    [Fact]
    public async Task First_revisions_are_large_and_differ()
    {
        var revisions = new HashSet<long>();
        for (var i = 0; i < 10; i++)
        {
            Assert.True(revisions.Add(await CommitAsync($"s{i}", 0)));
            Assert.True(await Store.DeleteAsync($"s{i}", Cancel));
            Assert.True(revisions.Add(await CommitAsync($"s{i}", 0)));
        }
        Assert.All(revisions, revision => Assert.InRange(revision, 1L << 32, (1L << 53) - 1));
    }

    [Fact]
    public async Task A_revision_from_before_a_delete_conflicts_with_the_session_made_after_it()
    {
        var before = await CommitAsync("s", 0, Set(Member("old"), "1"));
        Assert.True(await Store.DeleteAsync("s", Cancel));
        Assert.Equal(SessionWriteResult.Conflict, await Store.WriteAsync("s", Write(before), Cancel));

        var after = await CommitAsync("s", 0, Set(Member("new"), "1"));

        Assert.Equal(SessionWriteResult.Conflict, await Store.WriteAsync("s", Write(before, Set(Member("x"), "1")), Cancel));
        var session = await ReadAsync("s");
        Assert.Equal(after, session.Revision);
        AssertEntries([Set(Member("new"), "1")], session);
    }

    [Fact]
    public async Task Exactly_one_of_many_concurrent_creators_wins()
    {
        var nodes = new[] { Store, await OpenNodeAsync() };
        for (var round = 0; round < 10; round++)
        {
            var key = $"s{round}";
            var results = await AtOnceAsync(8, async i =>
                await nodes[i % 2].WriteAsync(key, Write(0, Set(Member("by"), $"{i}"), Set(Member($"{i}"), "")), Cancel));

            var winner = Assert.Single(Enumerable.Range(0, 8), i => results[i].Committed);
            var session = await ReadAsync(key);
            Assert.Equal(results[winner].Revision, session.Revision);
            AssertEntries([Set(Member("by"), $"{winner}"), Set(Member($"{winner}"), "")], session);
        }
    }

    [Fact]
    public async Task Concurrent_writers_lose_no_update()
    {
        const int Writers = 8;
        var nodes = new[] { Store, await OpenNodeAsync() };
        await CommitAsync("s", 0, Set(Member("count"), "0"));

        var conflicts = await AtOnceAsync(Writers, async i =>
        {
            var (wins, lost) = (0, 0);
            while (wins < RaceIncrements)
            {
                var session = (await nodes[i % 2].ReadAsync("s", 0, Cancel)).Session!;
                var count = int.Parse(Text(session, Member("count")));
                var write = Write(session.Revision, Set(Member("count"), $"{count + 1}"), Set(Member($"by {i}"), $"{wins + 1}"));
                var result = await nodes[i % 2].WriteAsync("s", write, Cancel);
                (wins, lost) = result.Committed ? (wins + 1, lost) : (wins, lost + 1);
            }
            return lost;
        });

        var end = await ReadAsync("s");
        Assert.Equal($"{Writers * RaceIncrements}", Text(end, Member("count")));
        Assert.All(Enumerable.Range(0, Writers), i => Assert.Equal($"{RaceIncrements}", Text(end, Member($"by {i}"))));
        TestContext.Current.SendDiagnosticMessage("{0} conflicts", conflicts.Sum());
    }

    [Fact]
    public async Task A_reader_never_sees_a_part_of_a_write()
    {
        var other = await OpenNodeAsync();
        var revision = await CommitAsync("s", 0, Set(Member("a"), "0"), Set(Member("b"), "0"), Set(Member("c"), "0"));
        var writing = Task.Run(
            async () =>
            {
                for (var i = 1; i <= 100; i++)
                {
                    revision = await CommitAsync(
                        "s", revision, Set(Member("a"), $"{i}"), Set(Member("b"), $"{i}"), Set(Member("c"), $"{i}"));
                }
            },
            Cancel);

        var reads = 0;
        do
        {
            var session = (await other.ReadAsync("s", 0, Cancel)).Session!;
            Assert.Single(session.Entries.Values.Select(value => Encoding.UTF8.GetString(value)).Distinct());
            reads++;
            await Task.Yield();
        }
        while (!writing.IsCompleted);
        await writing;
        Assert.True(reads > 0);
    }

    // Expiry

    [Fact]
    public async Task A_session_past_its_expiry_is_missing_before_any_sweep()
    {
        var revision = await CommitAsync("s", 0, Set(Member("a"), "1"));

        Clock.Advance(Lifetime - TimeSpan.FromSeconds(1));
        Assert.Equal(SessionReadStatus.Read, (await Store.ReadAsync("s", 0, Cancel)).Status);

        Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(SessionReadResult.Missing, await Store.ReadAsync("s", 0, Cancel));
        Assert.Equal(SessionReadResult.Missing, await Store.ReadAsync("s", revision, Cancel));
    }

    [Fact]
    public async Task A_write_may_move_the_expiry_earlier()
    {
        var revision = await CommitAsync("s", 0);
        var soon = Write(revision) with { ExpiresAt = Clock.GetUtcNow() + TimeSpan.FromMinutes(1) };
        Assert.True((await Store.WriteAsync("s", soon, Cancel)).Committed);

        Clock.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(SessionReadResult.Missing, await Store.ReadAsync("s", 0, Cancel));
    }

    [Fact]
    public async Task A_write_on_an_expired_session_conflicts()
    {
        var revision = await CommitAsync("s", 0, Set(Member("a"), "1"));
        Clock.Advance(Lifetime + TimeSpan.FromSeconds(1));

        Assert.Equal(SessionWriteResult.Conflict, await Store.WriteAsync("s", Write(revision), Cancel));
        Assert.Equal(SessionReadResult.Missing, await Store.ReadAsync("s", 0, Cancel));
    }

    [Fact]
    public async Task A_session_made_in_the_place_of_an_expired_one_has_none_of_its_entries()
    {
        var before = await CommitAsync("s", 0, Set(Member("old"), "1"), Set(Member("both"), "1"));
        Clock.Advance(Lifetime + TimeSpan.FromSeconds(1));

        var after = await CommitAsync("s", 0, Set(Member("both"), "2"));

        Assert.NotEqual(before, after);
        AssertEntries([Set(Member("both"), "2")], await ReadAsync("s"));
        Assert.Equal(SessionWriteResult.Conflict, await Store.WriteAsync("s", Write(before), Cancel));
        Assert.Equal(0, await Store.SweepAsync(Cancel));
    }

    [Fact]
    public async Task Deleting_says_whether_there_was_a_live_session()
    {
        await CommitAsync("live", 0, Set(Member("a"), "1"));
        await CommitAsync("expired", 0, Set(Member("a"), "1"));
        Assert.True(await Store.DeleteAsync("live", Cancel));
        Assert.False(await Store.DeleteAsync("live", Cancel));
        Assert.Equal(SessionReadResult.Missing, await Store.ReadAsync("live", 0, Cancel));

        Clock.Advance(Lifetime + TimeSpan.FromSeconds(1));

        Assert.False(await Store.DeleteAsync("expired", Cancel));
    }

    [Fact]
    public async Task A_list_leaves_expired_and_deleted_sessions_out()
    {
        await CommitAsync("expired", 0);
        Clock.Advance(Lifetime + TimeSpan.FromSeconds(1));
        await CommitAsync("live", 0);
        await CommitAsync("deleted", 0);
        await Store.DeleteAsync("deleted", Cancel);

        Assert.Equal(["live"], await ListAsync());
    }

    [Fact]
    public async Task A_list_has_every_session_once_however_many_there_are()
    {
        // More than a store is likely to read at once.
        var keys = Enumerable.Range(0, 1_234).Select(i => $"s{i:D4}").ToArray();
        await Parallel.ForEachAsync(keys, Cancel, async (key, _) => await CommitAsync(key, 0));

        Assert.Equal(keys, await ListAsync());
    }

    [Fact]
    public async Task A_sweep_removes_what_has_expired_and_says_how_many()
    {
        await CommitAsync("a", 0, Set(Member("x"), "1"));
        await CommitAsync("b", 0, Set(Member("x"), "1"));
        Clock.Advance(Lifetime / 2);
        var live = await CommitAsync("live", 0, Set(Member("x"), "1"));
        Assert.Equal(0, await Store.SweepAsync(Cancel));

        Clock.Advance((Lifetime / 2) + TimeSpan.FromSeconds(1));

        Assert.Equal(2, await Store.SweepAsync(Cancel));
        Assert.Equal(0, await Store.SweepAsync(Cancel));
        Assert.Equal(["live"], await ListAsync());
        var session = await ReadAsync("live");
        Assert.Equal(live, session.Revision);
        AssertEntries([Set(Member("x"), "1")], session);
        await CommitAsync("a", 0);
        Assert.Empty((await ReadAsync("a")).Entries);
    }

    // Nodes, cancellation

    [Fact]
    public async Task Two_nodes_see_each_others_commits()
    {
        var other = await OpenNodeAsync();
        var first = await CommitAsync("s", 0, Set(Member("a"), "1"));

        Assert.Equal(SessionReadResult.Unchanged, await other.ReadAsync("s", first, Cancel));
        var second = await other.WriteAsync("s", Write(first, Set(Member("a"), "2")), Cancel);

        Assert.True(second.Committed);
        Assert.Equal(SessionWriteResult.Conflict, await Store.WriteAsync("s", Write(first), Cancel));
        Assert.Equal("2", Text(await ReadAsync("s"), Member("a")));
        Assert.True(await other.DeleteAsync("s", Cancel));
        Assert.Equal(SessionReadResult.Missing, await Store.ReadAsync("s", 0, Cancel));
    }

    [Fact]
    public async Task A_cancelled_call_throws_and_changes_nothing()
    {
        var revision = await CommitAsync("s", 0, Set(Member("a"), "1"));
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(async () => await Store.ReadAsync("s", 0, cancelled));
        await AssertCancelledAsync(async () => await Store.WriteAsync("s", Write(revision, Set(Member("a"), "2")), cancelled));
        await AssertCancelledAsync(async () => await Store.DeleteAsync("s", cancelled));
        await AssertCancelledAsync(async () => await Store.SweepAsync(cancelled));
        await AssertCancelledAsync(async () =>
        {
            await foreach (var _ in Store.ListAsync(cancelled))
            {
            }
        });

        var session = await ReadAsync("s");
        Assert.Equal(revision, session.Revision);
        AssertEntries([Set(Member("a"), "1")], session);
    }

    // Any history

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Random_histories_on_two_nodes_go_as_in_the_model(int seed)
    {
        var history = new RandomStoreHistory(seed, [Store, await OpenNodeAsync()], Clock, Cancel);

        await history.RunAsync(HistorySteps);

        history.AssertWitnesses();
    }

    /// <summary>A member of the slice <c>/page</c>.</summary>
    protected static EntryKey Member(string name) => new("/page", EntryKind.Member, name);

    /// <summary>A change that sets an entry to a text's UTF-8 bytes.</summary>
    protected static EntryChange Set(EntryKey key, string text) => new(key, Encoding.UTF8.GetBytes(text));

    /// <summary>A change that removes an entry.</summary>
    protected static EntryChange Remove(EntryKey key) => new(key, null);

    /// <summary>A write that moves the expiry to the suite's lifetime from now.</summary>
    protected SessionWrite Write(long expectedRevision, params EntryChange[] changes) =>
        new(expectedRevision, Clock.GetUtcNow() + Lifetime, changes);

    /// <summary>Writes, asserts that it was committed, and returns the new revision.</summary>
    protected async Task<long> CommitAsync(string key, long expectedRevision, params EntryChange[] changes)
    {
        var result = await Store.WriteAsync(key, Write(expectedRevision, changes), Cancel);
        Assert.True(result.Committed, $"the write of '{key}' on {expectedRevision} conflicted");
        return result.Revision;
    }

    /// <summary>Reads a session that is there.</summary>
    protected async Task<StoredSession> ReadAsync(string key)
    {
        var result = await Store.ReadAsync(key, 0, Cancel);
        Assert.Equal(SessionReadStatus.Read, result.Status);
        return result.Session!;
    }

    /// <summary>The keys that the store lists, in order.</summary>
    protected async Task<IReadOnlyList<string>> ListAsync()
    {
        var keys = new List<string>();
        await foreach (var key in Store.ListAsync(Cancel))
        {
            keys.Add(key);
        }
        keys.Sort(StringComparer.Ordinal);
        return keys;
    }

    /// <summary>An entry's text.</summary>
    protected static string Text(StoredSession session, EntryKey key) => Encoding.UTF8.GetString(session.Entries[key]);

    /// <summary>Asserts that the session holds these entries and no others.</summary>
    protected static void AssertEntries(IReadOnlyCollection<EntryChange> expected, StoredSession session)
    {
        foreach (var (key, value) in expected)
        {
            Assert.True(session.Entries.TryGetValue(key, out var stored), $"{key} is missing");
            Assert.True(value.AsSpan().SequenceEqual(stored), $"{key} has other bytes");
        }
        Assert.Equal(expected.Count, session.Entries.Count);
    }

    private async Task WriteAndReadBackAsync(IReadOnlyList<EntryKey> keys)
    {
        var changes = keys.Select((key, i) => Set(key, $"value {i}")).ToArray();
        var revision = await CommitAsync("s", 0, changes);
        AssertEntries(changes, await ReadAsync("s"));

        // Each name also finds its entry again.
        changes = [.. keys.Select((key, i) => Set(key, $"changed {i}"))];
        revision = await CommitAsync("s", revision, changes);
        AssertEntries(changes, await ReadAsync("s"));

        await CommitAsync("s", revision, [.. keys.Skip(1).Select(Remove)]);
        AssertEntries(changes[..1], await ReadAsync("s"));
    }

    private static async Task<TResult[]> AtOnceAsync<TResult>(int count, Func<int, Task<TResult>> work)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var tasks = Enumerable.Range(0, count).Select(i => Task.Run(async () =>
        {
            await start.Task;
            return await work(i);
        })).ToArray();
        start.SetResult();
        return await Task.WhenAll(tasks);
    }

    private static async Task AssertCancelledAsync(Func<Task> call) =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(call);

    private static byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
