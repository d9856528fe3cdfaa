using System.Transactions;
using Holdfast.Postgres;
using Npgsql;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>How the writer puts many sessions' changes into one transaction. Another connection holds a lock of the table while they gather, so that
/// they are sure to meet.</summary>
public sealed class PostgresWriterTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly string _schema = postgres.NewSchema();
    private PostgresSessionStore _store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = await OpenAsync(await postgres.OptionsAsync(_schema));

    public async ValueTask DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task Many_sessions_changes_share_a_transaction()
    {
        Task<SessionWriteResult>[] writes;
        await using (await HoldTableAsync())
        {
            writes = [.. Enumerable.Range(0, 100).Select(i => WriteAsync($"s{i}", 0))];
        }

        Assert.All(await Task.WhenAll(writes), result => Assert.True(result.Committed));
        // Those that the writers had taken when they met the lock, and all that came meanwhile.
        Assert.InRange(_store.Transactions, 1, 4);
    }

    [Fact]
    public async Task Each_of_a_batch_commits_or_conflicts_on_its_own()
    {
        var stored = (await WriteAsync("there", 0, Set("a", [1]))).Revision;
        Task<SessionWriteResult>[] writes;
        await using (await HoldTableAsync())
        {
            writes =
            [
                WriteAsync("new", 0, Set("a", [1])), WriteAsync("there", stored, Set("a", [2]), Set("b", [2])), WriteAsync("missing", stored, Set("a", [3])),
                .. Enumerable.Range(0, 10).Select(_ => WriteAsync("raced", 0, Set("a", [4]))),
            ];
        }

        var results = await Task.WhenAll(writes);
        Assert.Equal([true, true, false], results[..3].Select(result => result.Committed));
        Assert.Single(results[3..], result => result.Committed);
        Assert.Equal(stored + 1, (await _store.ReadAsync("there", 0, Cancel)).Session!.Revision);
        Assert.Equal(2, (await _store.ReadAsync("there", 0, Cancel)).Session!.Entries.Count);
        Assert.Equal(SessionReadResult.Missing, await _store.ReadAsync("missing", 0, Cancel));
    }

    [Fact]
    public async Task A_write_that_the_server_will_not_take_fails_alone()
    {
        await postgres.ExecuteAsync($"ALTER TABLE {_schema}.entries ADD CHECK (name <> 'poison')");
        Task<SessionWriteResult>[] before;
        Task<SessionWriteResult> bad;
        Task<SessionWriteResult>[] after;
        await using (await HoldTableAsync())
        {
            before = [.. Enumerable.Range(0, 20).Select(i => WriteAsync($"before {i}", 0, Set("a", [1])))];
            bad = WriteAsync("bad", 0, Set("good", [1]), Set("poison", [1]));
            after = [.. Enumerable.Range(0, 20).Select(i => WriteAsync($"after {i}", 0, Set("a", [1])))];
        }

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => bad);
        Assert.Contains("23514", error.Message);
        Assert.All(await Task.WhenAll([.. before, .. after]), result => Assert.True(result.Committed));
        Assert.Equal(SessionReadResult.Missing, await _store.ReadAsync("bad", 0, Cancel));
        Assert.Single((await _store.ReadAsync("after 19", 0, Cancel)).Session!.Entries);
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("half \ud83d")]
    public async Task A_name_that_PostgreSQL_cannot_hold_is_refused_before_it_is_sent(string name)
    {
        var sent = _store.Transactions;

        await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync("bad", 0, Set(name, [1])));
        await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync("bad", 0, new EntryChange(new(name, EntryKind.Member, "a"), [1])));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => WriteAsync("bad", 0, new EntryChange(new("/page", (EntryKind)9, "a"), [1])));

        Assert.Equal(sent, _store.Transactions);
    }

    [Fact]
    public async Task A_deadlock_with_somebody_else_is_tried_again()
    {
        var revisions = new[] { (await WriteAsync("a", 0)).Revision, (await WriteAsync("b", 0)).Revision };
        await using var other = await postgres.ConnectAsync();
        // The other never looks for a deadlock: it is the store that finds it, and gives way.
        await PostgresFixture.ExecuteAsync(other, "SET deadlock_timeout = '1h'");
        await PostgresFixture.ExecuteAsync(other, $"BEGIN; SELECT FROM {_schema}.records WHERE key = 'b' FOR UPDATE");
        Task<SessionWriteResult>[] writes;
        await using (await HoldTableAsync())
        {
            var busy = await KeepWritersBusyAsync();
            // In any order: the writer sorts them, and then holds 'a' while it waits for 'b'.
            writes = [.. busy, WriteAsync("b", revisions[1]), WriteAsync("a", revisions[0])];
        }

        await WaitForWritersAsync(1, "transactionid");
        var deadlocks = await DeadlocksAsync();
        await PostgresFixture.ExecuteAsync(other, $"SELECT FROM {_schema}.records WHERE key = 'a' FOR UPDATE");
        await PostgresFixture.ExecuteAsync(other, "COMMIT");

        Assert.All(await Task.WhenAll(writes), result => Assert.True(result.Committed));
        await WaitUntilAsync($"SELECT pg_stat_clear_snapshot() IS NOT NULL AND deadlocks > {deadlocks} FROM pg_stat_database WHERE datname = current_database()");
    }

    [Fact]
    public async Task Where_the_servers_default_is_serializable_writers_lose_no_update_and_see_conflicts_not_failures()
    {
        var options = await postgres.OptionsAsync(_schema);
        options.ConnectionString += ";Options='-c default_transaction_isolation=serializable'";
        await using var one = await OpenAsync(options);
        await using var other = await OpenAsync(options);
        await WriteAsync("s", 0, Set("count", [0]));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            var store = i % 2 == 0 ? one : other;
            for (var wins = 0; wins < 10;)
            {
                var session = (await store.ReadAsync("s", 0, Cancel)).Session!;
                var count = session.Entries[new("/page", EntryKind.Member, "count")][0];
                wins += (await store.WriteAsync("s", Write(session.Revision, Set("count", [(byte)(count + 1)])), Cancel)).Committed ? 1 : 0;
            }
        })));

        Assert.Equal(80, (await _store.ReadAsync("s", 0, Cancel)).Session!.Entries.Values.Single()[0]);
    }

    [Fact]
    public async Task A_write_that_is_cancelled_while_it_waits_ends_its_callers_wait_and_is_not_made()
    {
        using var cancellation = new CancellationTokenSource();
        Task<SessionWriteResult>[] others;
        await using (await HoldTableAsync())
        {
            others = await KeepWritersBusyAsync();
            var cancelled = _store.WriteAsync("s", Write(0), cancellation.Token).AsTask();
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        }

        Assert.All(await Task.WhenAll(others), result => Assert.True(result.Committed));
        Assert.Equal(SessionReadResult.Missing, await _store.ReadAsync("s", 0, Cancel));
    }

    [Fact]
    public async Task Readers_do_not_wait_for_the_writer()
    {
        var revision = (await WriteAsync("s", 0)).Revision;
        Task<SessionWriteResult> write;
        await using (await HoldTableAsync())
        {
            write = WriteAsync("s", revision);
            Assert.Equal(revision, (await _store.ReadAsync("s", 0, Cancel)).Session!.Revision);
        }

        Assert.True((await write).Committed);
    }

    [Fact]
    public async Task A_callers_transaction_that_is_rolled_back_takes_no_session_with_it()
    {
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            Assert.True((await WriteAsync("s", 0)).Committed);
            Assert.Equal(SessionReadStatus.Read, (await _store.ReadAsync("s", 0, Cancel)).Status);
        }

        Assert.Equal(SessionReadStatus.Read, (await _store.ReadAsync("s", 0, Cancel)).Status);
    }

    [Fact]
    public async Task A_change_costs_its_own_bytes_and_an_unchanged_session_none()
    {
        await using var proxy = Testing.Network.FaultProxy.Start((await postgres.ServerAsync()).Port);
        var options = await postgres.OptionsAsync(_schema);
        options.ConnectionString += $";Port={proxy.Port}";
        await using var store = await OpenAsync(options);
        var first = (await store.WriteAsync("s", Write(0, Set("large", new byte[1_000_000]), Set("small", [1])), Cancel)).Revision;

        var (sent, received) = (proxy.BytesToServer, proxy.BytesToClient);
        var second = (await store.WriteAsync("s", Write(first, Set("small", [2])), Cancel)).Revision;
        Assert.InRange(proxy.BytesToServer - sent, 1, 2_000);

        Assert.Equal(SessionReadResult.Unchanged, await store.ReadAsync("s", second, Cancel));
        Assert.InRange(proxy.BytesToClient - received, 1, 4_000);
        Assert.Equal(SessionReadStatus.Read, (await store.ReadAsync("s", first, Cancel)).Status);
        Assert.InRange(proxy.BytesToClient - received, 1_000_000, 2_000_000);
    }

    private static async Task<PostgresSessionStore> OpenAsync(PostgresStoreOptions options)
    {
        var store = new PostgresSessionStore(options);
        await store.OpenAsync(Cancel);
        return store;
    }

    private static SessionWrite Write(long expected, params EntryChange[] changes) => new(expected, DateTimeOffset.MaxValue, changes);

    private static EntryChange Set(string name, byte[] value) => new(new("/page", EntryKind.Member, name), value);

    private Task<SessionWriteResult> WriteAsync(string key, long expected, params EntryChange[] changes) =>
        _store.WriteAsync(key, Write(expected, changes), Cancel).AsTask();

    /// <summary>Keeps writers from the records, readers not, until disposed.</summary>
    private async Task<NpgsqlConnection> HoldTableAsync()
    {
        var connection = await postgres.ConnectAsync();
        await PostgresFixture.ExecuteAsync(connection, $"BEGIN; LOCK TABLE {_schema}.records IN EXCLUSIVE MODE");
        return connection;
    }

    /// <summary>Gives both writers something to write for which they wait, so that what comes next gathers in the queue. Needs the table's lock.</summary>
    private async Task<Task<SessionWriteResult>[]> KeepWritersBusyAsync()
    {
        var one = WriteAsync("one", 0);
        await WaitForWritersAsync(1, "relation");
        var two = WriteAsync("two", 0);
        await WaitForWritersAsync(2, "relation");
        return [one, two];
    }

    private Task WaitForWritersAsync(int count, string lockType) => WaitUntilAsync(
        $"SELECT count(*) = {count} FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = '{lockType}' AND query LIKE '%\"{_schema}\".write(%'");

    private async Task<long> DeadlocksAsync() =>
        (long)(await postgres.ExecuteAsync("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))!;

    private async Task WaitUntilAsync(string condition)
    {
        while (await postgres.ExecuteAsync(condition) is not true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancel);
        }
    }
}
