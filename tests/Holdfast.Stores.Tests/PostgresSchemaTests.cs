using Holdfast.Postgres;
using Holdfast.Testing.Servers;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What the store makes in a database, and what it says of one that it cannot use.</summary>
public sealed class PostgresSchemaTests(PostgresFixture postgres)
{
    private readonly string _schema = postgres.NewSchema();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_waits_for_its_disk_is_durable()
    {
        var log = new Warnings();
        await using var store = await OpenAsync(log: log);

        Assert.Equal(StoreDurability.Durable, store.Durability);
        Assert.Empty(log.All);
    }

    [Fact]
    public async Task Without_synchronous_commit_acks_are_best_effort_and_one_warning_says_so()
    {
        var log = new Warnings();
        await using var store = await OpenAsync(";Options='-c synchronous_commit=off'", log);
        await store.OpenAsync(Cancel);

        Assert.Equal(StoreDurability.BestEffort, store.Durability);
        Assert.Contains("synchronous_commit = off", Assert.Single(log.All));
    }

    [Fact]
    public async Task A_server_that_does_not_wait_for_its_disk_is_best_effort()
    {
        await using var server = await PostgresServer.StartAsync(["fsync=off", "full_page_writes=off"], Cancel);
        var log = new Warnings();
        await using var store = new PostgresSessionStore(new PostgresStoreOptions { ConnectionString = server.ConnectionString }, logger: log);
        await store.OpenAsync(Cancel);

        Assert.Equal(StoreDurability.BestEffort, store.Durability);
        Assert.Contains("fsync = off, full_page_writes = off", Assert.Single(log.All));
    }

    [Fact]
    public async Task A_wrong_password_is_said_to_be_one()
    {
        var error = await Assert.ThrowsAsync<SessionStoreException>(() => OpenAsync(";Password=wrong-word"));

        Assert.Contains("28P01", error.Message);
        Assert.Contains("'Username' and 'Password'", error.Message);
        Assert.DoesNotContain("wrong-word", error.ToString());
    }

    [Fact]
    public async Task A_database_that_does_not_exist_is_named()
    {
        var error = await Assert.ThrowsAsync<SessionStoreException>(() => OpenAsync(";Database=nowhere"));

        Assert.Contains("'nowhere' at 127.0.0.1:", error.Message);
        Assert.Contains("createdb", error.Message);
    }

    [Fact]
    public async Task A_user_who_may_not_make_the_schema_is_told_what_an_administrator_has_to_run_and_that_is_enough()
    {
        var user = await NewUserAsync();

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => OpenAsync($";Username={user}"));
        Assert.Contains("42501", error.Message);
        Assert.Contains($"CREATE SCHEMA {_schema} AUTHORIZATION", error.Message);

        await postgres.ExecuteAsync($"CREATE SCHEMA {_schema} AUTHORIZATION {user}");
        await using var store = await OpenAsync($";Username={user}");
        Assert.True((await store.WriteAsync("s", Write(0), Cancel)).Committed);
    }

    [Fact]
    public async Task A_user_without_rights_on_the_tables_is_told_so()
    {
        await (await OpenAsync()).DisposeAsync();
        var user = await NewUserAsync();

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => OpenAsync($";Username={user}"));

        Assert.Contains("lacks a right", error.Message);
    }

    [Fact]
    public async Task A_schema_of_a_newer_version_is_refused_with_both_versions()
    {
        await (await OpenAsync()).DisposeAsync();
        await postgres.ExecuteAsync($"UPDATE {_schema}.schema_version SET version = 99");

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => OpenAsync());

        Assert.Contains("version 99", error.Message);
        Assert.Contains("up to 1", error.Message);
    }

    [Fact]
    public async Task A_schema_of_another_application_is_refused_and_stays_as_it_is()
    {
        await postgres.ExecuteAsync($"CREATE SCHEMA {_schema}; CREATE TABLE {_schema}.orders (id integer); CREATE VIEW {_schema}.customers AS SELECT 1");

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => OpenAsync());

        Assert.Contains("'customers', 'orders'", error.Message);
        Assert.Equal(2L, await postgres.ExecuteAsync($"SELECT count(*) FROM pg_class WHERE relnamespace = '{_schema}'::regnamespace"));
    }

    [Fact]
    public async Task A_database_that_cannot_hold_every_name_is_refused()
    {
        await postgres.ExecuteAsync($"CREATE DATABASE {_schema} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => OpenAsync($";Database={_schema}"));

        Assert.Contains("'SQL_ASCII'", error.Message);
    }

    [Fact]
    public async Task A_database_that_takes_no_writes_is_refused()
    {
        var error = await Assert.ThrowsAsync<SessionStoreException>(() => OpenAsync(";Options='-c default_transaction_read_only=on'"));

        Assert.Contains("read-only", error.Message);
    }

    [Fact]
    public async Task Many_stores_may_open_a_new_schema_at_once()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => OpenAsync()));
        for (var i = 0; i < stores.Length; i++)
        {
            Assert.True((await stores[i].WriteAsync($"s{i}", Write(0), Cancel)).Committed);
            await stores[i].DisposeAsync();
        }
    }

    [Fact]
    public async Task An_entry_of_an_unknown_kind_is_an_error_and_never_an_empty_session()
    {
        await using var store = await OpenAsync();
        await store.WriteAsync("s", Write(0, new EntryChange(new("/page", EntryKind.Member, "a"), [1])), Cancel);
        await postgres.ExecuteAsync($"UPDATE {_schema}.entries SET kind = 'x'");

        var error = await Assert.ThrowsAsync<SessionStoreException>(async () => await store.ReadAsync("s", 0, Cancel));

        Assert.Contains("kind 'x'", error.Message);
    }

    [Fact]
    public async Task What_was_made_and_is_gone_is_an_error_that_says_so()
    {
        await using var store = await OpenAsync();
        await postgres.ExecuteAsync($"DROP SCHEMA {_schema} CASCADE");

        foreach (var call in new Func<Task>[] { () => store.ReadAsync("s", 0, Cancel).AsTask(), () => store.WriteAsync("s", Write(0), Cancel).AsTask() })
        {
            var error = await Assert.ThrowsAsync<SessionStoreException>(call);
            Assert.Contains($"What the store made in the schema '{_schema}' is gone", error.Message);
        }
    }

    [Fact]
    public async Task An_expired_sessions_entries_leave_the_database_with_it()
    {
        var clock = new Testing.Time.FakeTimeProvider();
        await using var store = new PostgresSessionStore(await postgres.OptionsAsync(_schema), clock);
        await store.OpenAsync(Cancel);
        var entry = new EntryChange(new("/page", EntryKind.Member, "a"), [1]);
        await store.WriteAsync("swept", Write(0, entry), Cancel);
        await store.WriteAsync("deleted", Write(0, entry), Cancel);
        clock.Advance(TimeSpan.FromDays(36_500));

        await store.DeleteAsync("deleted", Cancel);
        Assert.Equal(1, await store.SweepAsync(Cancel));

        Assert.Equal(0L, await postgres.ExecuteAsync($"SELECT (SELECT count(*) FROM {_schema}.records) + (SELECT count(*) FROM {_schema}.entries)"));
    }

    [Fact]
    public async Task A_closed_store_takes_nothing_more_and_leaves_no_connection()
    {
        var name = $"closing {_schema}";
        var store = await OpenAsync($";Application Name={name}");
        await store.WriteAsync("s", Write(0), Cancel);
        await store.ReadAsync("s", 0, Cancel);

        await store.DisposeAsync();
        await store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.ReadAsync("s", 0, Cancel));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.WriteAsync("s", Write(0), Cancel));
        while (await postgres.ExecuteAsync($"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'") is not 0L)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancel);
        }
    }

    private static SessionWrite Write(long expected, params EntryChange[] changes) =>
        new(expected, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero), changes);

    private async Task<PostgresSessionStore> OpenAsync(string settings = "", ILogger<PostgresSessionStore>? log = null)
    {
        var options = await postgres.OptionsAsync(_schema);
        options.ConnectionString += settings;
        var store = new PostgresSessionStore(options, logger: log);
        try
        {
            await store.OpenAsync(Cancel);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private async Task<string> NewUserAsync()
    {
        var user = $"user_{_schema}";
        await postgres.ExecuteAsync($"CREATE ROLE {user} LOGIN PASSWORD '{PostgresServer.Password.Replace("'", "''", StringComparison.Ordinal)}'");
        return user;
    }

    private sealed class Warnings : ILogger<PostgresSessionStore>
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                All.Add(formatter(state, exception));
            }
        }
    }
}
