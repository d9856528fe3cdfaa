using Holdfast.Postgres;
using Holdfast.Testing.Network;
using Holdfast.Testing.Processes;
using Holdfast.Testing.Servers;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What the store does when the server or the way to it fails.</summary>
public sealed class PostgresFailureTests(PostgresServerFixture postgres) : IClassFixture<PostgresServerFixture>
{
    /// <summary>No call may take longer: twice the times of these tests (a second each, and two for Npgsql to cancel), and a busy machine.</summary>
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(20);

    private static int s_schemas;

    private readonly string _schema = $"failure_{Interlocked.Increment(ref s_schemas)}";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Where_nothing_listens_the_start_fails_soon_with_the_address_and_how_to_start_a_server()
    {
        var port = FreePort.Next();
        await using var store = new PostgresSessionStore(new PostgresStoreOptions
        {
            ConnectionString = $"Host=127.0.0.1;Port={port};Database=shop;Username=shop;Password=secret-word",
        });

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => store.OpenAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancel));

        Assert.Contains($"'shop' at 127.0.0.1:{port} could not be opened: Connection refused", error.Message);
        Assert.Contains("docker run", error.Message);
        Assert.Contains("apt install postgresql", error.Message);
        Assert.DoesNotContain("secret-word", error.ToString());
    }

    [Fact]
    public async Task Where_nobody_answers_the_start_fails_within_its_times()
    {
        await using var proxy = FaultProxy.Start(postgres.Server.Port);
        proxy.Drops = true;
        await using var store = new PostgresSessionStore(Options(proxy.Port));

        var error = await Assert.ThrowsAsync<SessionStoreException>(() => store.OpenAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancel));

        Assert.Contains("did not answer in time", error.Message);
    }

    [Fact]
    public async Task A_killed_server_loses_no_confirmed_commit_and_the_store_goes_on_when_it_is_back()
    {
        await using var store = await OpenAsync(Options(postgres.Server.Port));
        var confirmed = new (int Count, long Revision)[20];
        for (var kill = 0; kill < 3; kill++)
        {
            var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var commits = 0;
            var writing = Enumerable.Range(0, confirmed.Length).Select(i => Task.Run(async () =>
            {
                while (true)
                {
                    var (count, revision) = confirmed[i];
                    var value = BitConverter.GetBytes(count + 1);
                    var result = await store.WriteAsync($"s{i}", Write(revision, Set("first", value), Set("padding", new byte[count * 37 % 9_000]), Set("last", value)), Cancel);
                    Assert.True(result.Committed);
                    confirmed[i] = (count + 1, result.Revision);
                    if (Interlocked.Increment(ref commits) == 300)
                    {
                        enough.SetResult();
                    }
                }
            })).ToArray();
            await enough.Task.WaitAsync(s_bound, Cancel);

            await postgres.Server.KillAsync();
            foreach (var writer in writing)
            {
                await Assert.ThrowsAsync<SessionStoreException>(() => writer.WaitAsync(s_bound, Cancel));
            }

            await Assert.ThrowsAsync<SessionStoreException>(() => store.ReadAsync("s0", 0, Cancel).AsTask().WaitAsync(s_bound, Cancel));
            await postgres.Server.RestartAsync(Cancel);
            for (var i = 0; i < confirmed.Length; i++)
            {
                var session = (await store.ReadAsync($"s{i}", 0, Cancel)).Session!;
                var (first, last) = (Count(session, "first"), Count(session, "last"));
                Assert.Equal(first, last);
                // The one that was under way may be there too.
                Assert.InRange(first, confirmed[i].Count, confirmed[i].Count + 1);
                Assert.Equal(confirmed[i].Revision + first - confirmed[i].Count, session.Revision);
                confirmed[i] = (first, session.Revision);
            }
        }
    }

    [Fact]
    public async Task Reads_do_not_fail_on_connections_that_a_restart_has_ended()
    {
        await using var store = await OpenAsync(Options(postgres.Server.Port));
        await store.WriteAsync("s", Write(0, Set("a", [1])), Cancel);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => store.ReadAsync("s", 0, Cancel).AsTask()));

        await postgres.Server.RestartAsync(Cancel);

        Assert.Equal(SessionReadStatus.Read, (await store.ReadAsync("s", 0, Cancel)).Status);
    }

    [Fact]
    public async Task In_a_black_hole_every_call_fails_in_bounded_time_and_after_it_all_go_on()
    {
        await using var proxy = FaultProxy.Start(postgres.Server.Port);
        await using var store = await OpenAsync(Options(proxy.Port));
        var revision = (await store.WriteAsync("s", Write(0, Set("a", [1])), Cancel)).Revision;

        proxy.Drops = true;
        Task[] calls =
        [
            .. Enumerable.Range(0, 50).Select(i => store.WriteAsync($"lost {i}", Write(0, Set("a", [1])), Cancel).AsTask()),
            store.ReadAsync("s", 0, Cancel).AsTask(), store.DeleteAsync("s", Cancel).AsTask(), store.SweepAsync(Cancel).AsTask(),
        ];
        foreach (var call in calls)
        {
            var error = await Assert.ThrowsAsync<SessionStoreException>(() => call.WaitAsync(s_bound, Cancel));
            Assert.Contains($"127.0.0.1:{proxy.Port}", error.Message);
        }

        proxy.Drops = false;
        Assert.Equal(revision, (await store.ReadAsync("s", 0, Cancel)).Session!.Revision);
        Assert.True((await store.WriteAsync("s", Write(revision, Set("a", [2])), Cancel)).Committed);
        Assert.True((await store.WriteAsync("lost 49", Write(0), Cancel)).Committed);
    }

    [Fact]
    public async Task A_write_whose_answer_is_lost_fails_and_is_found_by_writing_again()
    {
        await using var proxy = FaultProxy.Start(postgres.Server.Port);
        await using var store = await OpenAsync(Options(proxy.Port));
        await using var direct = await OpenAsync(Options(postgres.Server.Port));
        var revision = (await store.WriteAsync("s", Write(0, Set("a", [1])), Cancel)).Revision;

        proxy.Hold(Direction.ToClient);
        var write = store.WriteAsync("s", Write(revision, Set("a", [2])), Cancel).AsTask();
        while ((await direct.ReadAsync("s", revision, Cancel)).Status == SessionReadStatus.Unchanged)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Cancel);
        }

        proxy.Cut();
        proxy.Release(Direction.ToClient);

        await Assert.ThrowsAsync<SessionStoreException>(() => write.WaitAsync(s_bound, Cancel));
        Assert.Equal(SessionWriteResult.Conflict, await store.WriteAsync("s", Write(revision, Set("a", [2])), Cancel));
        var session = (await store.ReadAsync("s", 0, Cancel)).Session!;
        Assert.Equal(revision + 1, session.Revision);
        Assert.Equal([2], session.Entries.Values.Single());
    }

    [Fact]
    public async Task A_callers_cancellation_ends_a_read_that_hangs()
    {
        await using var proxy = FaultProxy.Start(postgres.Server.Port);
        await using var store = await OpenAsync(Options(proxy.Port));
        proxy.Hold(Direction.ToClient);
        using var cancellation = new CancellationTokenSource();

        var read = store.ReadAsync("s", 0, cancellation.Token).AsTask();
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.WaitAsync(s_bound, Cancel));
    }

    private static async Task<PostgresSessionStore> OpenAsync(PostgresStoreOptions options)
    {
        var store = new PostgresSessionStore(options);
        await store.OpenAsync(Cancel);
        return store;
    }

    private PostgresStoreOptions Options(int port) => new()
    {
        ConnectionString = $"{postgres.Server.ConnectionString};Port={port}",
        Schema = _schema,
        ConnectTimeout = TimeSpan.FromSeconds(1),
        CommandTimeout = TimeSpan.FromSeconds(1),
    };

    private static SessionWrite Write(long expected, params EntryChange[] changes) => new(expected, DateTimeOffset.MaxValue, changes);

    private static EntryChange Set(string name, byte[] value) => new(new("/page", EntryKind.Member, name), value);

    private static int Count(StoredSession session, string name) => BitConverter.ToInt32(session.Entries[new("/page", EntryKind.Member, name)]);
}
