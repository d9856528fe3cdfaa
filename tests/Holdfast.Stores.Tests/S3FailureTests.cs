using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Amazon.Runtime;
using Amazon.S3;
using Holdfast.S3;
using Holdfast.Testing.Network;
using Holdfast.Testing.Processes;
using Holdfast.Testing.Servers;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>What the store does when its server is away, silent, killed, or does not take it in.</summary>
[Collection(S3Collection.Name)]
public sealed class S3FailureTests(S3Fixture s3)
{
    private static readonly EntryKey s_count = new("/page", EntryKind.Member, "count");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // At the start

    [Fact]
    public async Task A_server_that_does_not_listen_is_named_with_what_to_do()
    {
        var port = FreePort.Next();

        var error = await FailToOpenAsync(S3Fixture.OptionsOf(s3.Server, port: port));

        Assert.Contains($"'{S3Fixture.Bucket}' at http://127.0.0.1:{port} could not be opened", error.Message);
        Assert.Contains("Connection refused", error.Message);
        Assert.Contains("docker run", error.Message);
    }

    [Fact]
    public async Task A_server_that_is_silent_is_given_up()
    {
        await using var proxy = FaultProxy.Start(s3.Server.Port);
        proxy.Drops = true;

        var error = await FailToOpenAsync(Impatient(proxy));

        Assert.Contains("no answer came", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("wrong secret", "SignatureDoesNotMatch", "Holdfast:S3:SecretKey")]
    [InlineData("unknown key", "InvalidAccessKeyId", "Holdfast:S3:AccessKey")]
    [InlineData("no such bucket", "NoSuchBucket", "aws s3 mb s3://another-bucket")]
    public async Task Settings_that_the_server_does_not_take_are_named(string which, string code, string advice)
    {
        var options = s3.Options();
        (options.AccessKey, options.SecretKey, options.Bucket) = which switch
        {
            "wrong secret" => (options.AccessKey, "wrong-secret", options.Bucket),
            "unknown key" => ("nobody", options.SecretKey, options.Bucket),
            _ => (options.AccessKey, options.SecretKey, "another-bucket"),
        };

        var error = await FailToOpenAsync(options);

        Assert.Contains(code, error.Message);
        Assert.Contains(advice, error.Message);
        Assert.DoesNotContain(options.SecretKey!, error.Message);
    }

    [Fact]
    public async Task Without_the_right_to_the_bucket_the_rights_are_listed()
    {
        await s3.Client.PutBucketAsync("readable", Cancel);
        var options = s3.Options();
        options.Bucket = "readable";
        // Nobody may read without a signature.
        await using var store = new S3SessionStore(options, new AmazonS3Client(new AnonymousAWSCredentials(), (AmazonS3Config)s3.Client.Config));

        var error = await Assert.ThrowsAsync<SessionStoreException>(async () => await store.OpenAsync(Cancel));

        Assert.Contains("403 AccessDenied", error.Message);
        Assert.Contains("s3:ListBucket", error.Message);
    }

    [Fact]
    public async Task A_store_that_could_not_be_opened_can_be_opened_later()
    {
        await using var proxy = FaultProxy.Start(s3.Server.Port);
        proxy.Refuse();
        await using var store = new S3SessionStore(S3Fixture.OptionsOf(s3.Server, port: proxy.Port));
        await Assert.ThrowsAsync<SessionStoreException>(async () => await store.OpenAsync(Cancel));

        proxy.Accept();
        await store.OpenAsync(Cancel);

        Assert.True((await store.WriteAsync("s", Write(0, 1), Cancel)).Committed);
    }

    // While it runs

    [Fact]
    public async Task A_gateway_that_is_killed_during_writes_loses_nothing_and_is_used_again_when_it_is_back()
    {
        const int Sessions = 8;
        var options = s3.Options();
        await using var store = await OpenAsync(options);
        using var stop = new CancellationTokenSource();
        var confirmed = new ConcurrentDictionary<int, (long Revision, int Count)>();
        var failures = new ConcurrentQueue<(Exception Error, TimeSpan Time)>();
        var writers = Enumerable.Range(0, Sessions).Select(i => WriteOnAsync(store, i, confirmed, failures, stop.Token)).ToArray();
        await UntilAsync(() => confirmed.Count == Sessions && confirmed.Values.All(value => value.Count > 3));

        s3.Server.KillGateway();
        await UntilAsync(() => failures.Count >= Sessions);
        await s3.Server.RestartGatewayAsync(Cancel);
        var before = confirmed.ToDictionary();
        await UntilAsync(() => confirmed.All(pair => pair.Value.Count > before[pair.Key].Count + 3));
        await stop.CancelAsync();
        await Task.WhenAll(writers);

        Assert.All(failures, failure => Assert.IsType<SessionStoreException>(failure.Error));
        Assert.All(failures, failure => Assert.True(failure.Time < TimeSpan.FromSeconds(10), $"a failure took {failure.Time}"));
        await using var other = await OpenAsync(options);
        foreach (var (i, last) in confirmed)
        {
            var session = (await other.ReadAsync($"s{i}", 0, Cancel)).Session!;
            Assert.Equal((last.Revision, last.Count), (session.Revision, Count(session)));
        }
    }

    [Fact]
    public async Task Every_committed_write_is_there_after_all_of_the_server_was_killed()
    {
        await using var server = await S3Server.StartAsync(new S3ServerOptions { IsDurable = true }, Cancel);
        using var client = await S3Fixture.MakeBucketAsync(server);
        await using var store = await OpenAsync(S3Fixture.OptionsOf(server));
        var committed = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            var first = await store.WriteAsync($"s{i}", Write(0, i), Cancel);
            return await store.WriteAsync($"s{i}", Write(first.Revision, i + 1), Cancel);
        }));

        server.Kill();
        await server.RestartAsync(Cancel);

        for (var i = 0; i < committed.Length; i++)
        {
            Assert.True(committed[i].Committed);
            var session = await ReadWhenThereAsync(store, $"s{i}");
            Assert.Equal((committed[i].Revision, i + 1), (session.Revision, Count(session)));
        }
    }

    [Fact]
    public async Task A_silent_server_fails_calls_in_time_and_is_used_again()
    {
        await using var proxy = FaultProxy.Start(s3.Server.Port);
        await using var store = await OpenAsync(Impatient(proxy));
        var first = await store.WriteAsync("s", Write(0, 1), Cancel);

        proxy.Drops = true;
        var watch = Stopwatch.StartNew();
        await Assert.ThrowsAsync<SessionStoreException>(async () => await store.WriteAsync("s", Write(first.Revision, 2), Cancel));
        await Assert.ThrowsAsync<SessionStoreException>(async () => await store.ReadAsync("s", 0, Cancel));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(6), $"two calls of 2 s took {watch.Elapsed}");

        proxy.Drops = false;
        var second = await store.WriteAsync("s", Write(first.Revision, 2), Cancel);
        Assert.True(second.Committed);
        Assert.Equal(2, Count((await store.ReadAsync("s", 0, Cancel)).Session!));
    }

    [Fact]
    public async Task A_cancelled_write_ends_its_callers_wait_at_once()
    {
        await using var proxy = FaultProxy.Start(s3.Server.Port);
        await using var store = await OpenAsync(S3Fixture.OptionsOf(s3.Server, port: proxy.Port));
        proxy.Hold(Direction.ToClient);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var write = store.WriteAsync("s", Write(0, 1), cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
    }

    // Lost answers

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_write_whose_answer_was_lost_is_found_in_the_object_also_under_writes_of_others(int writesOfOthers)
    {
        var options = s3.Options();
        await using var proxy = FaultProxy.Start(s3.Server.Port);
        await using var other = await OpenAsync(options);
        await using var store = await OpenAsync(S3Fixture.OptionsOf(s3.Server, options.Prefix, proxy.Port));
        var first = await store.WriteAsync("s", Write(0, 1), Cancel);

        proxy.Hold(Direction.ToClient);
        var write = store.WriteAsync("s", Write(first.Revision, 2), Cancel).AsTask();
        await UntilAsync(async () => (await other.ReadAsync("s", 0, Cancel)).Session!.Revision > first.Revision);
        for (var i = 0; i < writesOfOthers; i++)
        {
            Assert.True((await other.WriteAsync("s", Write(first.Revision + 1 + i, 100 + i), Cancel)).Committed);
        }

        proxy.Cut();
        proxy.Release(Direction.ToClient);

        Assert.Equal(new SessionWriteResult(true, first.Revision + 1), await write);
        var session = (await store.ReadAsync("s", 0, Cancel)).Session!;
        Assert.Equal(first.Revision + 1 + writesOfOthers, session.Revision);
        Assert.Equal(writesOfOthers == 0 ? 2 : 99 + writesOfOthers, Count(session));
    }

    [Fact]
    public async Task A_new_session_whose_answer_was_lost_is_committed_once()
    {
        var options = s3.Options();
        await using var proxy = FaultProxy.Start(s3.Server.Port);
        await using var other = await OpenAsync(options);
        await using var store = await OpenAsync(S3Fixture.OptionsOf(s3.Server, options.Prefix, proxy.Port));

        proxy.Hold(Direction.ToClient);
        var write = store.WriteAsync("s", Write(0, 1), Cancel).AsTask();
        await UntilAsync(async () => (await other.ReadAsync("s", 0, Cancel)).Session is not null);
        proxy.Cut();
        proxy.Release(Direction.ToClient);

        var stored = (await other.ReadAsync("s", 0, Cancel)).Session!;
        Assert.Equal(new SessionWriteResult(true, stored.Revision), await write);
    }

    [Fact]
    public async Task A_write_that_never_reached_the_server_is_sent_again()
    {
        await using var proxy = FaultProxy.Start(s3.Server.Port);
        await using var store = await OpenAsync(S3Fixture.OptionsOf(s3.Server, port: proxy.Port));
        var first = await store.WriteAsync("s", Write(0, 1), Cancel);

        proxy.Hold(Direction.ToServer);
        var write = store.WriteAsync("s", Write(first.Revision, 2), Cancel).AsTask();
        proxy.Cut();
        proxy.Release(Direction.ToServer);

        Assert.Equal(new SessionWriteResult(true, first.Revision + 1), await write);
        Assert.Equal(2, Count((await store.ReadAsync("s", 0, Cancel)).Session!));
    }

    [Fact]
    public async Task Eight_writers_that_race_through_the_servers_500s_lose_no_update()
    {
        const int Writers = 8;
        const int Wins = 15;
        var options = s3.Options();
        using var client = S3Fixture.ClientOf(s3.Server);
        var failures = new ConcurrentQueue<int>();
        client.ExceptionEvent += (_, e) => failures.Enqueue((int)(((e as WebServiceExceptionEventArgs)?.Exception as AmazonServiceException)?.StatusCode ?? 0));
        await using var store = new S3SessionStore(options, client);
        await store.OpenAsync(Cancel);
        await store.WriteAsync("s", Write(0, 0), Cancel);

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(
            async () =>
            {
                for (var wins = 0; wins < Wins;)
                {
                    var session = (await store.ReadAsync("s", 0, Cancel)).Session!;
                    wins += (await store.WriteAsync("s", Write(session.Revision, Count(session) + 1), Cancel)).Committed ? 1 : 0;
                }
            },
            Cancel)));

        Assert.Equal(Writers * Wins, Count((await store.ReadAsync("s", 0, Cancel)).Session!));
        Assert.Contains(412, failures);
        Assert.Contains(500, failures);
    }

    private static S3StoreOptions Impatient(FaultProxy proxy) => new()
    {
        Bucket = S3Fixture.Bucket,
        Prefix = S3Fixture.NewPrefix(),
        Endpoint = $"http://127.0.0.1:{proxy.Port}",
        AccessKey = "holdfast",
        SecretKey = "holdfast-secret",
        CallTimeout = TimeSpan.FromSeconds(2),
    };

    private static async Task<SessionStoreException> FailToOpenAsync(S3StoreOptions options)
    {
        await using var store = new S3SessionStore(options);
        var watch = Stopwatch.StartNew();
        var error = await Assert.ThrowsAsync<SessionStoreException>(async () => await store.OpenAsync(Cancel));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"it took {watch.Elapsed}");
        return error;
    }

    private static async Task<S3SessionStore> OpenAsync(S3StoreOptions options)
    {
        var store = new S3SessionStore(options);
        await store.OpenAsync(Cancel);
        return store;
    }

    private static async Task WriteOnAsync(
        S3SessionStore store, int i, ConcurrentDictionary<int, (long Revision, int Count)> confirmed, ConcurrentQueue<(Exception, TimeSpan)> failures, CancellationToken stop)
    {
        var (revision, count) = (0L, 0);
        while (!stop.IsCancellationRequested)
        {
            var watch = Stopwatch.StartNew();
            try
            {
                var result = await store.WriteAsync($"s{i}", Write(revision, count + 1), Cancel);
                if (result.Committed)
                {
                    (revision, count) = (result.Revision, count + 1);
                    confirmed[i] = (revision, count);
                }
                else if ((await store.ReadAsync($"s{i}", 0, Cancel)).Session is { } stored)
                {
                    // What failed before was written after all.
                    (revision, count) = (stored.Revision, Count(stored));
                }
            }
            catch (Exception exception)
            {
                failures.Enqueue((exception, watch.Elapsed));
            }
        }
    }

    /// <summary>A server that is starting refuses for a while.</summary>
    private static async Task<StoredSession> ReadWhenThereAsync(S3SessionStore store, string key)
    {
        while (true)
        {
            try
            {
                return (await store.ReadAsync(key, 0, Cancel)).Session!;
            }
            catch (SessionStoreException)
            {
                Cancel.ThrowIfCancellationRequested();
            }
        }
    }

    private static Task UntilAsync(Func<bool> holds) => UntilAsync(() => Task.FromResult(holds()));

    private static async Task UntilAsync(Func<Task<bool>> holdsAsync)
    {
        var watch = Stopwatch.StartNew();
        while (!await holdsAsync())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "what was waited for did not happen");
            await Task.Delay(5, Cancel);
        }
    }

    private static SessionWrite Write(long expected, int count) =>
        new(expected, DateTimeOffset.UtcNow.AddDays(1), [new(s_count, Encoding.UTF8.GetBytes($"{count}"))]);

    private static int Count(StoredSession session) => int.Parse(Encoding.UTF8.GetString(session.Entries[s_count]));
}
