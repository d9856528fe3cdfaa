using System.Text;
using System.Threading.Channels;
using Holdfast.Stores;
using Xunit;

// The name of a fact is its documentation.
#pragma warning disable CS1591

namespace Holdfast.Testing.Stores;

/// <summary>What every notifier promises, a fact for each promise. A notifier's test class inherits it, and says how a node's notifier is made
/// and how its server is killed and started again.</summary>
/// <remarks>xunit makes an instance for each fact: each has a channel of its own. A fact that kills the server starts it again before it ends.</remarks>
public abstract class SessionNotifierConformance : IAsyncLifetime
{
    /// <summary>Chosen: the slowest notifier finds a restarted server within a few seconds, also on a busy machine.</summary>
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);

    private const string NoServer = "Nodes share this notifier: it has no server.";

    private readonly List<ISessionNotifier> _opened = [];

    /// <summary>The first node's notifier.</summary>
    protected ISessionNotifier Notifier { get; private set; } = null!;

    /// <summary>Whether notices go through a server, which can be lost. Without one, nodes share one notifier, which nobody disposes, and what is promised of
    /// servers is skipped.</summary>
    protected virtual bool HasServer => true;

    /// <summary>The fact's end.</summary>
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Makes a notifier on the channel of this fact. Called again for another node. It may do without a server until it is used.
    /// Notifiers that are <see cref="IAsyncDisposable"/> are disposed at the fact's end.</summary>
    protected abstract ValueTask<ISessionNotifier> OpenNotifierAsync();

    /// <summary>Kills the server as a power cut does; returns when it is gone.</summary>
    protected virtual Task KillServerAsync() => throw new NotSupportedException("There is no server. Override it, or say that HasServer is false.");

    /// <summary>Starts the server that was killed, at the same address; returns when it takes connections.</summary>
    protected virtual Task RestartServerAsync() => throw new NotSupportedException("There is no server. Override it, or say that HasServer is false.");

    /// <summary>Removes what the fact has left on the server. Called after all of its notifiers are disposed.</summary>
    protected virtual ValueTask CleanUpAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => Notifier = await OpenNodeAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var notifier in _opened.OfType<IAsyncDisposable>())
        {
            await notifier.DisposeAsync();
        }
        await CleanUpAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes another node's notifier on the same channel.</summary>
    protected async ValueTask<ISessionNotifier> OpenNodeAsync()
    {
        var notifier = await OpenNotifierAsync();
        _opened.Add(notifier);
        return notifier;
    }

    // Delivery

    [Fact]
    public async Task Every_subscriber_gets_a_notice_those_of_the_sender_too()
    {
        var other = await OpenNodeAsync();
        var subscribers = new[] { await SubscribeAsync(Notifier), await SubscribeAsync(Notifier), await SubscribeAsync(other) };

        await PublishAsync(Notifier, "from the first node");
        foreach (var subscriber in subscribers)
        {
            Assert.Equal("from the first node", await subscriber.NextTextAsync());
        }

        await PublishAsync(other, "from the other");
        foreach (var subscriber in subscribers)
        {
            Assert.Equal("from the other", await subscriber.NextTextAsync());
        }
    }

    [Fact]
    public async Task Only_what_is_sent_after_a_subscription_comes()
    {
        await PublishAsync(Notifier, "too early");
        var subscriber = await SubscribeAsync(Notifier);

        await PublishAsync(Notifier, "in time");

        Assert.Equal("in time", await subscriber.NextTextAsync());
    }

    [Fact]
    public async Task Notices_of_one_sender_come_in_its_order()
    {
        const int notices = 500;
        ISessionNotifier[] senders = [Notifier, await OpenNodeAsync()];
        var subscribers = new[] { await SubscribeAsync(Notifier), await SubscribeAsync(senders[1]) };

        // Nobody waits for one to be sent before the next is handed over: the order of the calls counts.
        var sent = senders.SelectMany((sender, s) => Enumerable.Range(0, notices).Select(i => PublishAsync(sender, $"{s} {i}").AsTask())).ToArray();
        await Task.WhenAll(sent);

        foreach (var subscriber in subscribers)
        {
            var next = new int[senders.Length];
            for (var received = 0; received < notices * senders.Length; received++)
            {
                var notice = (await subscriber.NextTextAsync()).Split(' ');
                var sender = int.Parse(notice[0]);
                Assert.Equal($"{next[sender]++}", notice[1]);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7_999)]
    [InlineData(8_000)]
    [InlineData(ISessionNotifier.MaxNoticeBytes)]
    public async Task Notices_of_any_bytes_come_as_they_were_up_to_the_longest(int length)
    {
        var subscriber = await SubscribeAsync(await OpenNodeAsync());
        var notice = new byte[length];
        new Random(length).NextBytes(notice);

        await Notifier.PublishAsync(notice, Cancel);
        await PublishAsync(Notifier, "the next");

        Assert.Equal(notice, await subscriber.NextAsync());
        Assert.Equal("the next", await subscriber.NextTextAsync());
    }

    [Fact]
    public async Task The_senders_bytes_are_its_own_again_once_the_notice_is_sent()
    {
        var subscriber = await SubscribeAsync(Notifier);
        var notice = Encoding.UTF8.GetBytes("as sent");

        await Notifier.PublishAsync(notice, Cancel);
        Array.Clear(notice);

        Assert.Equal("as sent", await subscriber.NextTextAsync());
    }

    [Fact]
    public async Task Too_long_a_notice_is_refused_and_reaches_nobody()
    {
        var subscriber = await SubscribeAsync(Notifier);

        await Assert.ThrowsAsync<ArgumentException>(
            async () => await Notifier.PublishAsync(new byte[ISessionNotifier.MaxNoticeBytes + 1], Cancel));

        await PublishAsync(Notifier, "the next");
        Assert.Equal("the next", await subscriber.NextTextAsync());
    }

    // Subscribers

    [Fact]
    public async Task A_subscriber_that_throws_harms_neither_itself_nor_others()
    {
        var throwing = await SubscribeAsync(Notifier, new Recorder { Throws = true });
        var calm = await SubscribeAsync(Notifier);

        await PublishAsync(Notifier, "one");
        await PublishAsync(Notifier, "two");

        foreach (var subscriber in new[] { throwing, calm })
        {
            Assert.Equal("one", await subscriber.NextTextAsync());
            Assert.Equal("two", await subscriber.NextTextAsync());
        }
    }

    [Fact]
    public async Task A_disposed_subscription_gets_nothing_more_and_the_others_do()
    {
        var ended = new Recorder();
        var subscription = await Notifier.SubscribeAsync(ended, Cancel);
        var subscriber = await SubscribeAsync(Notifier);
        await PublishAsync(Notifier, "one");
        Assert.Equal("one", await ended.NextTextAsync());
        Assert.Equal("one", await subscriber.NextTextAsync());

        await subscription.DisposeAsync();
        await subscription.DisposeAsync();

        // The second is handed out only after all have had the first.
        await PublishAsync(Notifier, "two");
        await PublishAsync(Notifier, "three");
        Assert.Equal("two", await subscriber.NextTextAsync());
        Assert.Equal("three", await subscriber.NextTextAsync());
        Assert.True(ended.IsEmpty);
    }

    [Fact]
    public async Task A_notifier_whose_subscriptions_have_all_ended_takes_new_ones()
    {
        await (await Notifier.SubscribeAsync(new Recorder(), Cancel)).DisposeAsync();

        var subscriber = await SubscribeAsync(Notifier);
        await PublishAsync(Notifier, "one");

        Assert.Equal("one", await subscriber.NextTextAsync());
    }

    [Fact]
    public async Task A_disposed_notifier_delivers_nothing_more()
    {
        Assert.SkipUnless(HasServer, NoServer);
        var other = await OpenNodeAsync();
        var ended = await SubscribeAsync(other);
        var subscriber = await SubscribeAsync(Notifier);

        await Assert.IsAssignableFrom<IAsyncDisposable>(other).DisposeAsync();
        await PublishAsync(Notifier, "one");

        Assert.Equal("one", await subscriber.NextTextAsync());
        Assert.True(ended.IsEmpty);
    }

    [Fact]
    public async Task A_cancelled_call_throws_and_sends_nothing()
    {
        var cancelled = new CancellationToken(canceled: true);
        var subscriber = await SubscribeAsync(Notifier);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Notifier.PublishAsync(new byte[1], cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Notifier.SubscribeAsync(new Recorder(), cancelled));

        await PublishAsync(Notifier, "the next");
        Assert.Equal("the next", await subscriber.NextTextAsync());
    }

    // The server goes away

    [Fact]
    public async Task A_server_that_was_killed_and_is_back_is_a_gap_to_every_subscriber_and_then_notices_come_again()
    {
        Assert.SkipUnless(HasServer, NoServer);
        var other = await OpenNodeAsync();
        var subscribers = new[]
        {
            await SubscribeAsync(Notifier), await SubscribeAsync(Notifier), await SubscribeAsync(other),
            await SubscribeAsync(other, new Recorder { Throws = true }),
        };
        await PublishAsync(Notifier, "before");
        foreach (var subscriber in subscribers)
        {
            Assert.Equal("before", await subscriber.NextTextAsync());
        }

        await KillServerAsync();
        await RestartServerAsync();

        foreach (var subscriber in subscribers)
        {
            await subscriber.Gap.WaitAsync(s_deadline, Cancel);
        }
        await PublishWhenBackAsync(Notifier, "after");
        foreach (var subscriber in subscribers)
        {
            Assert.Equal("after", await subscriber.NextTextAsync());
        }
    }

    [Fact]
    public async Task Without_a_server_calls_fail_in_bounded_time_and_work_when_it_is_back()
    {
        Assert.SkipUnless(HasServer, NoServer);
        await PublishAsync(Notifier, "before");
        var late = await OpenNodeAsync();
        await KillServerAsync();

        await Assert.ThrowsAsync<SessionStoreException>(() => PublishAsync(Notifier, "nobody").AsTask().WaitAsync(s_deadline, Cancel));
        await Assert.ThrowsAsync<SessionStoreException>(() => late.SubscribeAsync(new Recorder(), Cancel).AsTask().WaitAsync(s_deadline, Cancel));

        await RestartServerAsync();
        var subscriber = new Recorder();
        await WhenBackAsync(async () => await late.SubscribeAsync(subscriber, Cancel));
        await PublishWhenBackAsync(Notifier, "after");
        Assert.Equal("after", await subscriber.NextTextAsync());
    }

    /// <summary>Subscribes until the fact's end.</summary>
    private static async Task<Recorder> SubscribeAsync(ISessionNotifier notifier, Recorder? recorder = null)
    {
        recorder ??= new Recorder();
        await notifier.SubscribeAsync(recorder, Cancel);
        return recorder;
    }

    private static ValueTask PublishAsync(ISessionNotifier notifier, string text) => notifier.PublishAsync(Encoding.UTF8.GetBytes(text), Cancel);

    private static Task PublishWhenBackAsync(ISessionNotifier notifier, string text) => WhenBackAsync(() => PublishAsync(notifier, text).AsTask());

    /// <summary>Calls again until the connection is there: nobody says when.</summary>
    private static async Task WhenBackAsync(Func<Task> call)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (SessionStoreException) when (TimeProvider.System.GetElapsedTime(begun) < s_deadline)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancel);
            }
        }
    }

    /// <summary>Keeps what it is told. Its calls come one after another; a fact reads on a thread of its own.</summary>
    private sealed class Recorder : INoticeSubscriber
    {
        private readonly Channel<byte[]> _notices = Channel.CreateUnbounded<byte[]>();
        private readonly TaskCompletionSource _gap = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _calls;

        public bool Throws { get; init; }

        public Task Gap => _gap.Task;

        public bool IsEmpty => !_notices.Reader.TryPeek(out _);

        public void OnNotice(ReadOnlyMemory<byte> notice) => Take(() => _notices.Writer.TryWrite(notice.ToArray()));

        public void OnGap() => Take(() => _gap.TrySetResult());

        public async Task<byte[]> NextAsync() => await _notices.Reader.ReadAsync(Cancel).AsTask().WaitAsync(s_deadline, Cancel);

        public async Task<string> NextTextAsync() => Encoding.UTF8.GetString(await NextAsync());

        private void Take(Action keep)
        {
            if (Interlocked.Increment(ref _calls) != 1)
            {
                // Seen by whoever waits for the next notice.
                _notices.Writer.TryComplete(new InvalidOperationException("A subscriber was called twice at the same time."));
            }
            keep();
            Interlocked.Decrement(ref _calls);
            if (Throws)
            {
                throw new InvalidOperationException("This subscriber always throws.");
            }
        }
    }
}
