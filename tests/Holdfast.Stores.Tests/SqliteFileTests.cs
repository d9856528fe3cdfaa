using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What the store does with its file, and with one that it cannot use.</summary>
public sealed class SqliteFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string DatabasePath => _directory.File("holdfast.db");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_that_is_no_database_is_said_to_be_damaged_and_stays_as_it_is()
    {
        var bytes = new byte[10_000];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(DatabasePath, bytes);

        var error = Assert.Throws<SessionStoreException>(() => Open());

        Assert.Contains($"'{DatabasePath}' could not be opened", error.Message);
        Assert.Contains("damaged, or is not a SQLite database", error.Message);
        Assert.IsType<SqliteException>(error.InnerException);
        Assert.Equal(bytes, File.ReadAllBytes(DatabasePath));
    }

    [Fact]
    public async Task Damage_inside_the_file_is_an_error_and_never_an_empty_session()
    {
        await using (var store = Open())
        {
            for (var i = 0; i < 100; i++)
            {
                await store.WriteAsync($"s{i}", Write(0, Set("a", new byte[1_000])), Cancel);
            }
        }
        await using (var file = File.OpenWrite(DatabasePath))
        {
            // All but the first page, which says what file it is.
            file.Position = 4096;
            await file.WriteAsync(Enumerable.Repeat((byte)0xA5, (int)file.Length - 4096).ToArray(), Cancel);
        }

        await using var reopened = Open();
        var error = await Assert.ThrowsAsync<SessionStoreException>(async () => await reopened.ReadAsync("s7", 0, Cancel));
        Assert.Contains("damaged", error.Message);
        await Assert.ThrowsAsync<SessionStoreException>(
            async () => await reopened.WriteAsync("s7", Write(0, Set("a", [])), Cancel));
    }

    [Fact]
    public async Task A_file_of_a_newer_version_is_refused_with_both_versions()
    {
        await Open().DisposeAsync();
        Execute("PRAGMA user_version = 99");

        var error = Assert.Throws<SessionStoreException>(() => Open());

        Assert.Contains("schema version 99", error.Message);
        Assert.Contains("up to 1", error.Message);
    }

    [Fact]
    public void A_database_of_another_application_is_refused_and_stays_as_it_is()
    {
        File.WriteAllBytes(DatabasePath, []);
        Execute("CREATE TABLE orders (id INTEGER); CREATE TABLE customers (id INTEGER);");
        var before = File.ReadAllBytes(DatabasePath);

        var error = Assert.Throws<SessionStoreException>(() => Open());

        Assert.Contains("'customers', 'orders'", error.Message);
        Assert.Equal(before, File.ReadAllBytes(DatabasePath));
    }

    [Fact]
    public void A_missing_directory_is_named_and_not_made()
    {
        var path = _directory.File("missing/holdfast.db");

        var error = Assert.Throws<SessionStoreException>(() => Open(path));

        Assert.Contains($"directory '{_directory.File("missing")}' does not exist", error.Message);
        Assert.False(Directory.Exists(_directory.File("missing")));
    }

    [Fact]
    public void A_path_that_is_a_directory_is_said_to_be_one()
    {
        var error = Assert.Throws<SessionStoreException>(() => Open(_directory.Path));

        Assert.Contains("The path is a directory", error.Message);
    }

    [Fact]
    public async Task A_file_that_may_only_be_read_is_refused_with_the_user_who_lacks_the_right()
    {
        string path;
        if (Environment.IsPrivilegedProcess)
        {
            // File modes do not bind root; this file's kind does.
            Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no file here that root cannot write.");
            path = "/proc/sys/kernel/osrelease";
        }
        else
        {
            path = DatabasePath;
            await Open().DisposeAsync();
            new FileInfo(path).IsReadOnly = true;
        }

        var error = Assert.Throws<SessionStoreException>(() => Open(path));

        Assert.Contains($"'{path}' could only be opened for reading", error.Message);
        Assert.Contains($"'{Environment.UserName}'", error.Message);
    }

    [Fact]
    public void A_directory_that_cannot_be_written_is_refused_with_the_user_who_lacks_the_right()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc is where not even root can make a file.");

        var error = Assert.Throws<SessionStoreException>(() => Open("/proc/holdfast.db"));

        Assert.Contains("'/proc/holdfast.db' could not be opened", error.Message);
        Assert.Contains($"'{Environment.UserName}'", error.Message);
    }

    [Fact]
    public void A_commit_waits_for_the_disk()
    {
        var database = new SqliteDatabase(DatabasePath);
        using var connection = database.OpenChecked();

        Assert.Equal(2L, Scalar(connection, "PRAGMA synchronous"));
        Assert.Equal("wal", Scalar(connection, "PRAGMA journal_mode"));
    }

    [Fact]
    public async Task A_new_file_is_for_its_owner_only()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There the directory's rights decide.");
        await using var store = Open();
        await store.WriteAsync("s", Write(0), Cancel);

#pragma warning disable CA1416 // Skipped above.
        Assert.All(
            Directory.GetFiles(_directory.Path),
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
#pragma warning restore CA1416
    }

    [Fact]
    public async Task Many_stores_may_open_a_new_file_at_once()
    {
        for (var round = 0; round < 5; round++)
        {
            var path = _directory.File($"{round}.db");
            var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Open(path), Cancel)));
            for (var i = 0; i < stores.Length; i++)
            {
                Assert.True((await stores[i].WriteAsync($"s{i}", Write(0), Cancel)).Committed);
            }
            foreach (var store in stores)
            {
                await store.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Closing_leaves_one_file_and_a_store_that_takes_nothing_more()
    {
        var store = Open();
        await store.WriteAsync("s", Write(0), Cancel);
        await store.ReadAsync("s", 0, Cancel);

        await store.DisposeAsync();
        await store.DisposeAsync();

        Assert.Equal([DatabasePath], Directory.GetFiles(_directory.Path));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.ReadAsync("s", 0, Cancel));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.WriteAsync("s", Write(0), Cancel));
    }

    [Fact]
    public async Task An_expired_sessions_entries_leave_the_file_with_it()
    {
        var clock = new Testing.Time.FakeTimeProvider();
        await using (var store = new SqliteSessionStore(new SqliteStoreOptions { Path = DatabasePath }, clock))
        {
            await store.WriteAsync("swept", Write(0, Set("a", [1])), Cancel);
            await store.WriteAsync("deleted", Write(0, Set("a", [1])), Cancel);
            clock.Advance(TimeSpan.FromDays(36_500));
            await store.DeleteAsync("deleted", Cancel);
            Assert.Equal(1, await store.SweepAsync(Cancel));
        }

        using var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        Assert.Equal(0L, Scalar(connection, "SELECT (SELECT count(*) FROM records) + (SELECT count(*) FROM entries)"));
    }

    private static SqliteSessionStore Open(string path) => new(new SqliteStoreOptions { Path = path });

    private SqliteSessionStore Open() => Open(DatabasePath);

    private static SessionWrite Write(long expected, params EntryChange[] changes) =>
        new(expected, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero), changes);

    private static EntryChange Set(string name, byte[] value) => new(new("/page", EntryKind.Member, name), value);

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
