using System.Diagnostics;
using System.Text;
using Holdfast.Redis;
using Holdfast.Testing.Network;
using Holdfast.Testing.Processes;
using Holdfast.Testing.Servers;
using StackExchange.Redis;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What the store does when the server, or the way to it, fails. Each test has a server of its own.</summary>
public sealed class RedisFailureTests : IAsyncLifetime
{
    private const string Key = "anon:s";

    private static readonly EntryKey Member = new("/page", EntryKind.Member, "a");

    private RedisServer _server = null!;
    private FaultProxy _proxy = null!;
    private ConnectionMultiplexer? _direct;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync(cancellationToken: Cancel);
        _proxy = FaultProxy.Start(_server.Port);
    }

    public async ValueTask DisposeAsync()
    {
        _direct?.Dispose();
        await _proxy.DisposeAsync();
        await _server.DisposeAsync();
    }

    // At the start

    [Fact]
    public async Task Without_a_server_opening_fails_soon_and_says_where_and_how_to_start_one()
    {
        var port = FreePort.Next();
        await using var store = new RedisSessionStore(new RedisStoreOptions { ConnectionString = $"127.0.0.1:{port},password=topsecret" });

        var error = await FailsAsync(() => store.OpenAsync(Cancel).AsTask(), within: TimeSpan.FromSeconds(10));

        Assert.Contains($"127.0.0.1:{port}", error.Message);
        Assert.Contains("docker run", error.Message);
        Assert.DoesNotContain("topsecret", error.ToString());
    }

    [Fact]
    public async Task A_start_that_failed_can_be_tried_again()
    {
        await _server.KillAsync();
        await using var store = new RedisSessionStore(Direct());
        await FailsAsync(() => store.OpenAsync(Cancel).AsTask());

        await _server.RestartAsync(Cancel);
        await store.OpenAsync(Cancel);

        Assert.Equal(StoreDurability.Durable, store.Durability);
    }

    [Fact]
    public async Task A_server_that_takes_the_connection_and_never_answers_is_an_error_at_the_start()
    {
        _proxy.Drops = true;
        await using var store = new RedisSessionStore(Proxied());

        await FailsAsync(() => store.OpenAsync(Cancel).AsTask(), within: TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("")]
    [InlineData(",password=not-the-secret")]
    public async Task A_missing_or_wrong_password_is_said_and_not_shown(string password)
    {
        await using var server = await RedisServer.StartAsync([("requirepass", "the-secret")], Cancel);
        await using var store = new RedisSessionStore(new RedisStoreOptions { ConnectionString = server.ConnectionString + password });

        var error = await FailsAsync(() => store.OpenAsync(Cancel).AsTask(), within: TimeSpan.FromSeconds(10));

        Assert.Contains(server.ConnectionString, error.Message);
        Assert.True(error.Message.Contains("Set the password"), error.ToString());
        Assert.DoesNotContain("the-secret", error.ToString());
    }

    [Fact]
    public async Task The_password_opens_the_store()
    {
        await using var server = await RedisServer.StartAsync([("requirepass", "the-secret")], Cancel);
        await using var store = new RedisSessionStore(new RedisStoreOptions { ConnectionString = server.ConnectionString + ",password=the-secret" });

        await store.OpenAsync(Cancel);

        Assert.True((await store.WriteAsync(Key, Write(0, "1"), Cancel)).Committed);
    }

    [Fact]
    public async Task Keys_of_a_newer_version_are_refused_with_both_versions()
    {
        await (await DatabaseAsync()).StringSetAsync("hf:format", "99");
        await using var store = new RedisSessionStore(Direct());

        var error = await FailsAsync(() => store.OpenAsync(Cancel).AsTask());

        Assert.Contains("version 99", error.Message);
        Assert.Contains("up to 1", error.Message);
        Assert.Equal("99", await (await DatabaseAsync()).StringGetAsync("hf:format"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_prefix_that_something_else_uses_is_refused(bool isString)
    {
        var database = await DatabaseAsync();
        await (isString ? database.StringSetAsync("hf:format", "png") : database.HashSetAsync("hf:format", "a", "b"));
        await using var store = new RedisSessionStore(Direct());

        var error = await FailsAsync(() => store.OpenAsync(Cancel).AsTask());

        Assert.Contains("'hf:format'", error.Message);
        Assert.Contains("Holdfast:Redis:Prefix", error.Message);
    }

    // The server goes away

    [Fact]
    public async Task What_was_committed_is_there_after_a_kill_and_scripts_run_on_the_new_server()
    {
        await using var store = await OpenAsync(Direct());
        var written = await store.WriteAsync(Key, Write(0, "1"), Cancel);

        await _server.KillAsync();
        await _server.RestartAsync(Cancel);

        var read = await WhenBackAsync(() => store.ReadAsync(Key, 0, Cancel).AsTask());
        Assert.Equal(written.Revision, read.Session!.Revision);
        Assert.True((await store.WriteAsync(Key, Write(written.Revision, "2"), Cancel)).Committed);
    }

    [Fact]
    public async Task Scripts_that_the_server_has_forgotten_are_sent_again()
    {
        await using var store = await OpenAsync(Direct());
        var revision = (await store.WriteAsync(Key, Write(0, "1"), Cancel)).Revision;

        await (await DatabaseAsync()).ExecuteAsync("SCRIPT", "FLUSH");

        Assert.True((await store.WriteAsync(Key, Write(revision, "2"), Cancel)).Committed);
        Assert.Equal("2", await TextAsync(store));
        Assert.True(await store.DeleteAsync(Key, Cancel));
    }

    [Fact]
    public async Task While_the_server_is_away_calls_fail_in_bounded_time_and_then_work_again()
    {
        await using var store = await OpenAsync(Direct());
        var revision = (await store.WriteAsync(Key, Write(0, "1"), Cancel)).Revision;
        await _server.KillAsync();

        var error = await FailsAsync(() => store.WriteAsync(Key, Write(revision, "2"), Cancel).AsTask());
        Assert.Contains(_server.ConnectionString, error.Message);
        await FailsAsync(() => store.ReadAsync(Key, 0, Cancel).AsTask());
        await FailsAsync(() => store.DeleteAsync(Key, Cancel).AsTask());
        await FailsAsync(() => store.SweepAsync(Cancel).AsTask());
        await FailsAsync(() => store.ListAsync(Cancel).ToListAsync(Cancel).AsTask());

        await _server.RestartAsync(Cancel);
        Assert.True((await WhenBackAsync(() => store.WriteAsync(Key, Write(revision, "2"), Cancel).AsTask())).Committed);
    }

    [Fact]
    public async Task A_short_outage_is_bridged_within_the_write()
    {
        await using var store = await OpenAsync(Direct());
        var revision = (await store.WriteAsync(Key, Write(0, "1"), Cancel)).Revision;
        await _server.KillAsync();

        var write = store.WriteAsync(Key, Write(revision, "2"), Cancel);
        await _server.RestartAsync(Cancel);

        Assert.Equal(new SessionWriteResult(true, revision + 1), await write);
    }

    [Fact]
    public async Task A_black_hole_ends_calls_at_their_time_out_and_a_new_connection_is_made_after_it()
    {
        await using var store = await OpenAsync(Proxied());
        var revision = (await store.WriteAsync(Key, Write(0, "1"), Cancel)).Revision;
        _proxy.Drops = true;

        var error = await FailsAsync(() => store.WriteAsync(Key, Write(revision, "2"), Cancel).AsTask());
        Assert.Contains("did not answer within 0.5 s", error.Message);
        await FailsAsync(() => store.ReadAsync(Key, 0, Cancel).AsTask());

        _proxy.Drops = false;
        Assert.True((await WhenBackAsync(() => store.WriteAsync(Key, Write(revision, "2"), Cancel).AsTask())).Committed);
        Assert.Equal("2", await TextAsync(store));
    }

    // Answers that are lost

    [Fact]
    public async Task A_write_whose_answer_was_lost_is_sent_again_and_answered_as_committed()
    {
        await using var store = await OpenAsync(Proxied(commandTimeout: 30));
        await using var direct = await OpenAsync(Direct());
        var revision = (await store.WriteAsync(Key, Write(0, "1"), Cancel)).Revision;

        var write = await LoseAnswerAsync(store, direct, revision);

        Assert.Equal(new SessionWriteResult(true, revision + 1), await write);
        var session = (await direct.ReadAsync(Key, 0, Cancel)).Session!;
        Assert.Equal(revision + 1, session.Revision);
        Assert.Equal("2", Text(session));
    }

    [Fact]
    public async Task The_first_write_of_a_session_whose_answer_was_lost_is_answered_as_committed_too()
    {
        await using var store = await OpenAsync(Proxied(commandTimeout: 30));
        await using var direct = await OpenAsync(Direct());

        var write = await LoseAnswerAsync(store, direct, 0);

        var result = await write;
        Assert.True(result.Committed);
        Assert.Equal(result.Revision, (await direct.ReadAsync(Key, 0, Cancel)).Session!.Revision);
    }

    [Fact]
    public async Task A_write_whose_answer_was_lost_and_that_was_overwritten_meanwhile_conflicts()
    {
        await using var store = await OpenAsync(Proxied(commandTimeout: 30));
        await using var direct = await OpenAsync(Direct());
        var revision = (await store.WriteAsync(Key, Write(0, "1"), Cancel)).Revision;

        var write = await LoseAnswerAsync(
            store, direct, revision, async () => Assert.True((await direct.WriteAsync(Key, Write(revision + 1, "3"), Cancel)).Committed));

        Assert.Equal(SessionWriteResult.Conflict, await write);
        Assert.Equal("3", await TextAsync(direct));
    }

    // The server refuses

    [Fact]
    public async Task A_user_without_the_right_to_the_keys_is_told_so()
    {
        await using var store = await OpenAsync(Direct());
        await (await DatabaseAsync()).ExecuteAsync("ACL", "SETUSER", "default", "resetkeys", "~other:*");

        var error = await FailsAsync(() => store.WriteAsync(Key, Write(0, "1"), Cancel).AsTask());

        Assert.Contains("NOPERM", error.Message);
        Assert.Contains("ACL SETUSER", error.Message);
    }

    [Fact]
    public async Task A_full_server_fails_the_write_and_keeps_what_is_stored()
    {
        await using var store = await OpenAsync(Direct());
        var revision = (await store.WriteAsync(Key, Write(0, "1"), Cancel)).Revision;
        await (await DatabaseAsync()).ExecuteAsync("CONFIG", "SET", "maxmemory", "1");

        var error = await FailsAsync(() => store.WriteAsync(Key, Write(revision, "2"), Cancel).AsTask());

        Assert.Contains("OOM", error.Message);
        Assert.Contains("maxmemory", error.Message);
        Assert.Equal("1", await TextAsync(store));
        await (await DatabaseAsync()).ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
        Assert.True((await store.WriteAsync(Key, Write(revision, "2"), Cancel)).Committed);
    }

    [Fact]
    public async Task A_server_that_became_a_replica_fails_writes_until_it_is_the_primary_again()
    {
        await using var store = await OpenAsync(Direct());
        await (await DatabaseAsync()).ExecuteAsync("REPLICAOF", "127.0.0.1", "1");

        await FailsAsync(() => store.WriteAsync(Key, Write(0, "1"), Cancel).AsTask());

        await (await DatabaseAsync()).ExecuteAsync("REPLICAOF", "NO", "ONE");
        Assert.True((await WhenBackAsync(() => store.WriteAsync(Key, Write(0, "1"), Cancel).AsTask())).Committed);
    }

    // Damage

    [Theory]
    [InlineData("no expiry")]
    [InlineData("a field that is no entry")]
    [InlineData("an entry of an unknown kind")]
    [InlineData("a revision that is no number")]
    [InlineData("a hash of somebody else")]
    [InlineData("no hash")]
    public async Task A_damaged_session_is_an_error_that_names_its_key_and_harms_no_other(string damage)
    {
        await using var store = await OpenAsync(Direct());
        await store.WriteAsync(Key, Write(0, "1"), Cancel);
        await store.WriteAsync("anon:whole", Write(0, "1"), Cancel);
        var (database, key) = (await DatabaseAsync(), (RedisKey)$"hf:s:{Key}");
        await (damage switch
        {
            "no expiry" => database.HashDeleteAsync(key, "e"),
            "a field that is no entry" => database.HashSetAsync(key, "color", "red"),
            "an entry of an unknown kind" => database.HashSetAsync(key, "x/page\0a", "1"),
            "a revision that is no number" => database.HashSetAsync(key, "r", "first"),
            "a hash of somebody else" => ReplaceAsync(() => database.HashSetAsync(key, "color", "red")),
            _ => ReplaceAsync(() => database.StringSetAsync(key, "red")),
        });

        var error = await FailsAsync(() => store.ReadAsync(Key, 0, Cancel).AsTask());

        Assert.Contains($"'hf:s:{Key}'", error.Message);
        var keys = await store.ListAsync(Cancel).ToListAsync(Cancel);
        Assert.Contains("anon:whole", keys);
        Assert.Equal(0, await store.SweepAsync(Cancel));
        if (damage is "no expiry" or "a hash of somebody else" or "no hash")
        {
            Assert.DoesNotContain(Key, keys);
            Assert.Contains(Key, (await FailsAsync(() => store.WriteAsync(Key, Write(0, "2"), Cancel).AsTask())).Message);
        }

        await store.DeleteAsync(Key, Cancel);
        Assert.True((await store.WriteAsync(Key, Write(0, "2"), Cancel)).Committed);

        async Task<bool> ReplaceAsync(Func<Task<bool>> write)
        {
            await database.KeyDeleteAsync(key);
            return await write();
        }
    }

    // Bytes and round trips

    [Fact]
    public async Task A_small_change_of_a_large_session_sends_few_bytes_and_so_does_a_read_that_finds_nothing_new()
    {
        await using var store = await OpenAsync(Proxied(commandTimeout: 30));
        var large = new EntryChange(new EntryKey("/page", EntryKind.Member, "large"), new byte[1_000_000]);
        var written = await store.WriteAsync(Key, new SessionWrite(0, InADay, [large]), Cancel);
        written = await store.WriteAsync(Key, Write(written.Revision, "1"), Cancel);
        var (sent, received) = (_proxy.BytesToServer, _proxy.BytesToClient);

        written = await store.WriteAsync(Key, Write(written.Revision, "2"), Cancel);
        Assert.InRange(_proxy.BytesToServer - sent, 1, 400);

        Assert.Equal(SessionReadResult.Unchanged, await store.ReadAsync(Key, written.Revision, Cancel));
        Assert.InRange(_proxy.BytesToClient - received, 1, 400);
    }

    [Fact]
    public async Task Writes_of_many_sessions_share_round_trips()
    {
        const int sessions = 200;
        await using var store = await OpenAsync(Proxied(commandTimeout: 30));
        await store.WriteAsync(Key, Write(0, "1"), Cancel);
        var delay = TimeSpan.FromMilliseconds(50);
        _proxy.Delay(Direction.ToServer, delay);

        var begun = Stopwatch.GetTimestamp();
        var results = await Task.WhenAll(Enumerable.Range(0, sessions).Select(i => store.WriteAsync($"s{i}", Write(0, "1"), Cancel).AsTask()));

        Assert.All(results, result => Assert.True(result.Committed));
        Assert.True(Stopwatch.GetElapsedTime(begun) < delay * sessions / 4, $"{sessions} writes took {Stopwatch.GetElapsedTime(begun)}");
    }

    [Fact]
    public async Task The_server_forgets_a_session_by_itself_an_hour_after_its_expiry()
    {
        await using var store = await OpenAsync(Direct());

        await store.WriteAsync(Key, Write(0, "1"), Cancel);

        var left = await (await DatabaseAsync()).KeyTimeToLiveAsync($"hf:s:{Key}");
        Assert.InRange(left!.Value, TimeSpan.FromHours(24.9), TimeSpan.FromHours(25));
    }

    [Fact]
    public async Task Stores_with_other_prefixes_see_nothing_of_each_other_whatever_is_in_the_prefix()
    {
        string[] prefixes = ["hf:", "h*:", "h[f]:", "h\\f:", "hf", "h?:"];
        foreach (var prefix in prefixes)
        {
            await using var store = await OpenAsync(new RedisStoreOptions { ConnectionString = _server.ConnectionString, Prefix = prefix });
            await store.WriteAsync($"of{prefix.Length}", Write(0, prefix), Cancel);
        }

        foreach (var prefix in prefixes)
        {
            await using var store = await OpenAsync(new RedisStoreOptions { ConnectionString = _server.ConnectionString, Prefix = prefix });
            Assert.Equal([$"of{prefix.Length}"], await store.ListAsync(Cancel).ToListAsync(Cancel));
            Assert.Equal(prefix, Text((await store.ReadAsync($"of{prefix.Length}", 0, Cancel)).Session!));
        }
    }

    private static DateTimeOffset InADay => TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(1);

    private RedisStoreOptions Direct() => new() { ConnectionString = _server.ConnectionString };

    private RedisStoreOptions Proxied(double commandTimeout = 0.5) => new()
    {
        ConnectionString = $"127.0.0.1:{_proxy.Port}",
        ConnectTimeout = TimeSpan.FromSeconds(1),
        CommandTimeout = TimeSpan.FromSeconds(commandTimeout),
    };

    private async Task<IDatabase> DatabaseAsync() => (_direct ??= await ConnectionMultiplexer.ConnectAsync(_server.ConnectionString + ",allowAdmin=true")).GetDatabase();

    private static async Task<RedisSessionStore> OpenAsync(RedisStoreOptions options)
    {
        var store = new RedisSessionStore(options);
        await store.OpenAsync(Cancel);
        return store;
    }

    /// <summary>Sends a write of "2", holds its answer back until the server has applied it, and cuts the connection.</summary>
    private async Task<Task<SessionWriteResult>> LoseAnswerAsync(
        RedisSessionStore store, RedisSessionStore direct, long revision, Func<Task>? meanwhile = null)
    {
        // So that the server has the script, and answers the write itself.
        await direct.WriteAsync("anon:other", Write(0, "1"), Cancel);
        _proxy.Hold(Direction.ToClient);
        var write = store.WriteAsync(Key, Write(revision, "2"), Cancel).AsTask();
        while ((await direct.ReadAsync(Key, revision, Cancel)).Status != SessionReadStatus.Read)
        {
            Assert.False(write.IsCompleted);
        }

        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        _proxy.Cut();
        _proxy.Release(Direction.ToClient);
        return write;
    }

    private static SessionWrite Write(long expectedRevision, string text) => new(expectedRevision, InADay, [new EntryChange(Member, Encoding.UTF8.GetBytes(text))]);

    private static string Text(StoredSession session) => Encoding.UTF8.GetString(session.Entries[Member]);

    private static async Task<string> TextAsync(RedisSessionStore store) => Text((await store.ReadAsync(Key, 0, Cancel)).Session!);

    private static async Task<SessionStoreException> FailsAsync(Func<Task> call, TimeSpan? within = null) =>
        await Assert.ThrowsAsync<SessionStoreException>(() => call().WaitAsync(within ?? TimeSpan.FromSeconds(10), Cancel));

    /// <summary>Calls again until the connection is there: nobody says when.</summary>
    private static async Task<TResult> WhenBackAsync<TResult>(Func<Task<TResult>> call)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await call();
            }
            catch (SessionStoreException) when (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(20))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancel);
            }
        }
    }
}
