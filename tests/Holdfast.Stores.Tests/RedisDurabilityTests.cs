using System.Collections.Concurrent;
using System.Text;
using Holdfast.Redis;
using Holdfast.Testing.Servers;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What "committed" means on a server that is set up well, and what is said of one that is not.</summary>
public sealed class RedisDurabilityTests
{
    private const int Sessions = 50;
    private const int Kills = 5;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_server_loses_no_confirmed_write_and_leaves_no_half_of_one()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancel);
        var confirmed = new Commit?[Sessions];
        var commits = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var store = new RedisSessionStore(new RedisStoreOptions { ConnectionString = server.ConnectionString });
            await store.OpenAsync(Cancel);
            Assert.Equal(StoreDurability.Durable, store.Durability);
            var enough = new CountdownEvent(Sessions * 10);
            using var stop = new CancellationTokenSource();
            var writers = Enumerable.Range(0, Sessions).Select(i => Task.Run(() => WriteAsync(i, enough, stop.Token))).ToArray();
            await Task.Run(() => enough.Wait(Cancel), Cancel);

            await server.KillAsync();
            await stop.CancelAsync();
            await Task.WhenAll(writers);
            await server.RestartAsync(Cancel);

            await using var after = new RedisSessionStore(new RedisStoreOptions { ConnectionString = server.ConnectionString });
            for (var i = 0; i < Sessions; i++)
            {
                confirmed[i] = await AssertKeptAsync(after, i, confirmed[i]!);
            }

            async Task WriteAsync(int i, CountdownEvent enough, CancellationToken stop)
            {
                while (!stop.IsCancellationRequested)
                {
                    var count = (confirmed[i]?.Count ?? 0) + 1;
                    EntryChange[] changes = [Change("first", count), Change("last", count)];
                    var write = new SessionWrite(confirmed[i]?.Revision ?? 0, TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1), changes);
                    try
                    {
                        var result = await store.WriteAsync($"s{i}", write, stop);
                        Assert.True(result.Committed);
                        confirmed[i] = new Commit(count, result.Revision);
                        Interlocked.Increment(ref commits);
                        if (!enough.IsSet)
                        {
                            enough.Signal();
                        }
                    }
                    catch (Exception exception) when (exception is SessionStoreException or OperationCanceledException or InvalidOperationException)
                    {
                        // Killed under it (or the countdown was set by another just now).
                    }
                }
            }
        }

        Assert.True(commits >= Sessions * 10 * Kills, $"only {commits} commits before {Kills} kills prove little");
    }

    [Fact]
    public async Task A_server_that_writes_its_log_through_is_durable_and_gets_no_warning()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancel);
        var log = new Warnings();
        await using var store = new RedisSessionStore(new RedisStoreOptions { ConnectionString = server.ConnectionString }, logger: log);

        await store.OpenAsync(Cancel);
        await store.OpenAsync(Cancel);

        Assert.Equal(StoreDurability.Durable, store.Durability);
        Assert.Empty(log.Messages);
    }

    [Theory]
    [InlineData("appendonly", "no")]
    [InlineData("appendfsync", "everysec")]
    [InlineData("no-appendfsync-on-rewrite", "yes")]
    [InlineData("maxmemory-policy", "allkeys-lru")]
    public async Task A_setting_that_may_lose_writes_makes_best_effort_and_one_warning_that_names_it(string setting, string value)
    {
        await using var server = await RedisServer.StartAsync([(setting, value)], Cancel);
        var log = new Warnings();
        await using var store = new RedisSessionStore(new RedisStoreOptions { ConnectionString = server.ConnectionString }, logger: log);

        await store.OpenAsync(Cancel);

        Assert.Equal(StoreDurability.BestEffort, store.Durability);
        var warning = Assert.Single(log.Messages);
        Assert.Contains($"{setting} is {value}.", warning);
        Assert.Contains(server.ConnectionString, warning);
        Assert.Contains("lose the last writes", warning);
    }

    [Fact]
    public async Task A_server_that_does_not_tell_its_settings_is_best_effort()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancel);
        using (var direct = await ConnectionMultiplexer.ConnectAsync(server.ConnectionString))
        {
            await direct.GetDatabase().ExecuteAsync("ACL", "SETUSER", "default", "-config");
        }

        var log = new Warnings();
        await using var store = new RedisSessionStore(new RedisStoreOptions { ConnectionString = server.ConnectionString }, logger: log);
        await store.OpenAsync(Cancel);

        Assert.Equal(StoreDurability.BestEffort, store.Durability);
        Assert.Contains("appendonly is not told", Assert.Single(log.Messages));
    }

    private static async Task<Commit> AssertKeptAsync(RedisSessionStore store, int i, Commit confirmed)
    {
        var session = (await store.ReadAsync($"s{i}", 0, Cancel)).Session;
        Assert.NotNull(session);
        var count = Count(session, "first");
        Assert.Equal(count, Count(session, "last"));
        // The write that was under way may be there too.
        Assert.InRange(count, confirmed.Count, confirmed.Count + 1);
        Assert.Equal(confirmed.Revision + (count - confirmed.Count), session.Revision);
        return new Commit(count, session.Revision);
    }

    private static EntryKey Entry(string name) => new("/page", EntryKind.Member, name);

    private static EntryChange Change(string name, int count) => new(Entry(name), Encoding.UTF8.GetBytes($"{count}"));

    private static int Count(StoredSession session, string name) => int.Parse(Encoding.UTF8.GetString(session.Entries[Entry(name)]));

    private sealed record Commit(int Count, long Revision);

    private sealed class Warnings : ILogger<RedisSessionStore>
    {
        public ConcurrentQueue<string> Messages { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Messages.Enqueue(formatter(state, exception));
            }
        }
    }
}
