using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>How the writer puts many sessions' changes into one transaction. Another connection holds the file's lock while
/// they gather, so that they are sure to meet.</summary>
public sealed class SqliteWriterTests : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly SqliteSessionStore _store;

    public SqliteWriterTests() => _store = Open(TimeSpan.FromSeconds(30));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Many_sessions_changes_share_a_transaction()
    {
        Task<SessionWriteResult>[] writes;
        using (HoldLock())
        {
            writes = [.. Enumerable.Range(0, 100).Select(i => WriteAsync($"s{i}", 0))];
        }

        Assert.All(await Task.WhenAll(writes), result => Assert.True(result.Committed));
        // Those that the writer had taken when it met the lock, and all that came meanwhile.
        Assert.InRange(_store.Transactions, 1, 2);
    }

    [Fact]
    public async Task Each_of_a_batch_is_decided_on_what_those_before_it_left()
    {
        Task<SessionWriteResult>[] creations;
        Task<bool> deletion;
        Task<SessionWriteResult> creationAfter;
        using (HoldLock())
        {
            creations = [.. Enumerable.Range(0, 10).Select(_ => WriteAsync("s", 0))];
            deletion = _store.DeleteAsync("s", Cancel).AsTask();
            creationAfter = WriteAsync("s", 0);
        }

        var results = await Task.WhenAll(creations);
        Assert.Equal([true, .. Enumerable.Repeat(false, 9)], results.Select(result => result.Committed));
        Assert.True(await deletion);
        Assert.True((await creationAfter).Committed);
    }

    [Fact]
    public async Task A_write_that_SQLite_will_not_take_fails_alone()
    {
        Task<SessionWriteResult>[] before;
        Task<SessionWriteResult> bad;
        Task<SessionWriteResult>[] after;
        using (HoldLock())
        {
            before = [.. Enumerable.Range(0, 5).Select(i => WriteAsync($"before {i}", 0))];
            bad = WriteAsync("bad", 0, new(new("/page", EntryKind.Member, "good"), [1]), new(new("/page", (EntryKind)9, "bad"), []));
            after = [.. Enumerable.Range(0, 5).Select(i => WriteAsync($"after {i}", 0))];
        }

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => bad);
        Assert.All(await Task.WhenAll([.. before, .. after]), result => Assert.True(result.Committed));
        Assert.Equal(SessionReadResult.Missing, await _store.ReadAsync("bad", 0, Cancel));
        Assert.Equal(SessionReadStatus.Read, (await _store.ReadAsync("after 4", 0, Cancel)).Status);
    }

    [Fact]
    public async Task When_the_lock_cannot_be_had_all_fail_nothing_is_changed_and_the_next_write_goes_on()
    {
        await using var impatient = Open(TimeSpan.FromMilliseconds(10));
        using (HoldLock())
        {
            var writes = Enumerable.Range(0, 5).Select(i => impatient.WriteAsync($"s{i}", Write(0), Cancel).AsTask()).ToArray();
            foreach (var write in writes)
            {
                var error = await Assert.ThrowsAsync<SessionStoreException>(() => write);
                Assert.Contains("Another process holds the file's write lock", error.Message);
            }
            Assert.Equal(SessionReadResult.Missing, await impatient.ReadAsync("s0", 0, Cancel));
        }

        Assert.True((await impatient.WriteAsync("s0", Write(0), Cancel)).Committed);
    }

    [Fact]
    public async Task A_write_that_is_cancelled_while_it_waits_ends_its_callers_wait()
    {
        using var cancellation = new CancellationTokenSource();
        Task<SessionWriteResult> other;
        using (HoldLock())
        {
            other = WriteAsync("other", 0);
            var cancelled = _store.WriteAsync("s", Write(0), cancellation.Token).AsTask();
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        }
        Assert.True((await other).Committed);
    }

    [Fact]
    public async Task Readers_do_not_wait_for_the_writer()
    {
        var revision = (await WriteAsync("s", 0)).Revision;
        Task<SessionWriteResult> write;
        using (HoldLock())
        {
            write = WriteAsync("s", revision);
            var read = _store.ReadAsync("s", 0, Cancel);
            Assert.True(read.IsCompletedSuccessfully);
            Assert.Equal(revision, (await read).Session!.Revision);
        }
        Assert.True((await write).Committed);
    }

    private SqliteSessionStore Open(TimeSpan busyTimeout) =>
        new(new SqliteDatabase(_directory.File("holdfast.db"), busyTimeout), TimeProvider.System, null);

    private Task<SessionWriteResult> WriteAsync(string key, long expected, params EntryChange[] changes) =>
        _store.WriteAsync(key, Write(expected, changes), Cancel).AsTask();

    private static SessionWrite Write(long expected, params EntryChange[] changes) =>
        new(expected, DateTimeOffset.MaxValue, changes);

    private FileLock HoldLock() => new(_directory.File("holdfast.db"));

    /// <summary>The file's write lock, until disposed.</summary>
    private sealed class FileLock : IDisposable
    {
        private readonly SqliteConnection _connection;
        private readonly SqliteTransaction _transaction;

        public FileLock(string path)
        {
            _connection = new SqliteConnection($"Data Source={path};Pooling=False");
            _connection.Open();
            _transaction = _connection.BeginTransaction(deferred: false);
        }

        public void Dispose()
        {
            _transaction.Dispose();
            _connection.Dispose();
        }
    }
}
