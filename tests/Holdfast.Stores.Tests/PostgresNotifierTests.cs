using System.Threading.Channels;
using Holdfast.Postgres;
using Holdfast.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Holdfast.Stores.Tests;

public sealed class PostgresNotifierTests(PostgresServerFixture postgres) : SessionNotifierConformance, IClassFixture<PostgresServerFixture>
{
    private static int s_schemas;

    private readonly List<PostgresDatabase> _databases = [];
    private readonly PostgresStoreOptions _options = new()
    {
        ConnectionString = postgres.Server.ConnectionString,
        Schema = $"notices_{Interlocked.Increment(ref s_schemas)}",
    };

    [Fact]
    public async Task A_notice_too_long_for_NOTIFY_stands_in_a_row_until_the_sweep()
    {
        var subscriber = new Recorder();
        await Notifier.SubscribeAsync(subscriber, Cancel);
        await Notifier.PublishAsync(new byte[NoticePayload.MostBytes], Cancel);
        await Notifier.PublishAsync(new byte[NoticePayload.MostBytes + 1], Cancel);
        Assert.Equal(NoticePayload.MostBytes, await subscriber.NextAsync());
        Assert.Equal(NoticePayload.MostBytes + 1, await subscriber.NextAsync());
        Assert.Equal(1L, await ExecuteAsync($"SELECT count(*) FROM {_options.Schema}.notices"));
        await using var store = new PostgresSessionStore(_options);

        await store.SweepAsync(Cancel);
        Assert.Equal(1L, await ExecuteAsync($"SELECT count(*) FROM {_options.Schema}.notices"));

        await ExecuteAsync($"UPDATE {_options.Schema}.notices SET sent_at = sent_at - interval '11 minutes'");
        await store.SweepAsync(Cancel);
        Assert.Equal(0L, await ExecuteAsync($"SELECT count(*) FROM {_options.Schema}.notices"));
    }

    [Fact]
    public async Task A_row_that_is_gone_is_a_gap_and_what_is_no_notice_is_dropped()
    {
        var subscriber = new Recorder();
        await Notifier.SubscribeAsync(subscriber, Cancel);

        foreach (var payload in new[] { "", "neither", "1:neither", "#neither", "#", ":", new string('x', 7_999) })
        {
            await ExecuteAsync($"SELECT pg_notify('{_options.Schema}_notices', '{payload}')");
        }

        await ExecuteAsync($"SELECT pg_notify('{_options.Schema}_notices', '{NoticePayload.Of(Guid.Empty)}')");
        await subscriber.Gap.WaitAsync(Cancel);
        await Notifier.PublishAsync(new byte[7], Cancel);

        // ':' is a notice of no bytes.
        Assert.Equal(0, await subscriber.NextAsync());
        Assert.Equal(7, await subscriber.NextAsync());
    }

    [Fact]
    public async Task A_connection_that_the_server_ends_is_a_gap()
    {
        var subscriber = new Recorder();
        await Notifier.SubscribeAsync(subscriber, Cancel);

        await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN \"{_options.Schema}_notices\"'");
        await subscriber.Gap.WaitAsync(Cancel);
        await Notifier.PublishAsync(new byte[7], Cancel);

        Assert.Equal(7, await subscriber.NextAsync());
    }

    protected override async ValueTask<ISessionNotifier> OpenNotifierAsync()
    {
        var database = new PostgresDatabase(_options, NullLogger.Instance);
        _databases.Add(database);
        await database.OpenAsync(Cancel);
        return new PostgresNotifier(database, TimeProvider.System, NullLogger.Instance);
    }

    protected override Task KillServerAsync() => postgres.Server.KillAsync();

    protected override Task RestartServerAsync() => postgres.Server.RestartAsync(Cancel);

    protected override async ValueTask CleanUpAsync()
    {
        foreach (var database in _databases)
        {
            await database.DisposeAsync();
        }
    }

    private async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(postgres.Server.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Cancel);
        return await PostgresFixture.ExecuteAsync(connection, sql);
    }

    /// <summary>Keeps the lengths of what comes.</summary>
    private sealed class Recorder : INoticeSubscriber
    {
        private readonly Channel<int> _lengths = Channel.CreateUnbounded<int>();
        private readonly TaskCompletionSource _gap = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Gap => _gap.Task;

        public void OnNotice(ReadOnlyMemory<byte> notice) => _lengths.Writer.TryWrite(notice.Length);

        public void OnGap() => _gap.TrySetResult();

        public ValueTask<int> NextAsync() => _lengths.Reader.ReadAsync(Cancel);
    }
}
