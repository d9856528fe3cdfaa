using System.Threading.Channels;
using Holdfast.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Redis;

/// <summary>Carries notices through a Redis channel: a message a notice.</summary>
/// <remarks>
/// <para>Owns a connection of its own, so that subscribers never hold up the store's answers, and two loops: one sends, in the order of the calls;
/// the other, from the first subscription on, keeps the channel subscribed without end. What comes is queued and handed out by a third,
/// one notice after another.</para>
/// <para>Redis keeps no notice for who is not there: after every lost connection all subscribers are told of a gap, once the channel is
/// subscribed again.</para>
/// </remarks>
internal sealed class RedisNotifier : ISessionNotifier, IAsyncDisposable
{
    /// <summary>The longest wait between two tries to connect. Chosen.</summary>
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_firstDelay = TimeSpan.FromMilliseconds(50);

    private readonly RedisConnection _connection;
    private readonly string _channel;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<Outgoing> _outgoing = Channel.CreateUnbounded<Outgoing>(new() { SingleReader = true });

    private readonly Channel<Incoming> _incoming = Channel.CreateUnbounded<Incoming>(new() { SingleReader = true });

    private readonly Task _sending;
    private readonly Task _delivering;
    private Subscription[] _subscriptions = [];
    private Task _listening = Task.CompletedTask;
    private TaskCompletionSource? _firstListening;
    private bool _disposed;

    public RedisNotifier(RedisConnection connection, string prefix, ILogger<RedisNotifier>? logger = null)
    {
        _connection = connection;
        _channel = prefix + "notices";
        _logger = logger ?? NullLogger<RedisNotifier>.Instance;
        _sending = Task.Run(SendAsync);
        _delivering = Task.Run(DeliverAsync);
    }

    /// <inheritdoc/>
    public ValueTask PublishAsync(ReadOnlyMemory<byte> notice, CancellationToken cancellationToken)
    {
        if (notice.Length > ISessionNotifier.MaxNoticeBytes)
        {
            throw new ArgumentException(
                $"The notice has {notice.Length} bytes, and one may have {ISessionNotifier.MaxNoticeBytes}. Every node takes each of them into memory. "
                + "Store what is longer, and send its key.", nameof(notice));
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        var outgoing = new Outgoing(notice.ToArray());
        ObjectDisposedException.ThrowIf(!_outgoing.Writer.TryWrite(outgoing), this);
        return new ValueTask(outgoing.Task.WaitAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public async ValueTask<IAsyncDisposable> SubscribeAsync(INoticeSubscriber subscriber, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        cancellationToken.ThrowIfCancellationRequested();
        await ListenAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        var subscription = new Subscription(this, subscriber);
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions, subscription];
        }

        return subscription;
    }

    /// <summary>Ends every subscription, sends what was handed over, and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
            _subscriptions = [];
            _outgoing.Writer.TryComplete();
            _incoming.Writer.TryComplete();
        }

        await _sending.ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _delivering.ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Completes when the channel is subscribed, for the first time or again.</summary>
    private Task ListenAsync()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_firstListening is null or { Task.IsFaulted: true })
            {
                _firstListening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _listening = Task.Run(() => KeepListeningAsync(_firstListening));
            }

            return _firstListening.Task;
        }
    }

    private async Task KeepListeningAsync(TaskCompletionSource first)
    {
        var delay = s_firstDelay;
        while (!_stop.IsCancellationRequested)
        {
            Exception? lost = null;
            try
            {
                await _connection.ListenAsync(
                    _channel,
                    () =>
                    {
                        delay = s_firstDelay;
                        if (!first.TrySetResult())
                        {
                            Log.Restored(_logger, _connection.Server);
                            _incoming.Writer.TryWrite(Incoming.Gap);
                        }
                    },
                    notice => _incoming.Writer.TryWrite(new Incoming(notice)),
                    _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (RedisFailure failure) when (!first.Task.IsCompleted)
            {
                first.SetException(RedisErrors.CannotSubscribe(_connection.Server, failure));
                return;
            }
            catch (Exception exception)
            {
                lost = exception;
            }

            if (delay == s_firstDelay)
            {
                Log.Lost(_logger, _connection.Server, lost);
            }

            await Task.Delay(delay, TimeProvider.System, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = delay * 2 < s_longestDelay ? delay * 2 : s_longestDelay;
        }
    }

    private async Task SendAsync()
    {
        await foreach (var outgoing in _outgoing.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                // Once there is a connection, the next is begun without waiting for the answer to this one.
                await _connection.OpenAsync(CancellationToken.None).ConfigureAwait(false);
                outgoing.Follow(_connection.PublishAsync(_channel, outgoing.Notice, CancellationToken.None), _connection.Server);
            }
            catch (RedisFailure failure)
            {
                outgoing.SetException(RedisErrors.CannotPublish(_connection.Server, failure));
            }
            catch (Exception exception)
            {
                outgoing.SetException(exception);
            }
        }
    }

    private async Task DeliverAsync()
    {
        await foreach (var incoming in _incoming.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            foreach (var subscription in Volatile.Read(ref _subscriptions))
            {
                try
                {
                    subscription.Deliver(incoming);
                }
                catch (Exception exception)
                {
                    Log.SubscriberFailed(_logger, exception);
                }
            }
        }
    }

    private void Remove(Subscription subscription)
    {
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions.Where(other => other != subscription)];
        }
    }

    /// <summary>A notice that came, or the mark of a gap.</summary>
    private readonly record struct Incoming(ReadOnlyMemory<byte> Notice, bool IsGap = false)
    {
        public static Incoming Gap => new(default, true);
    }

    /// <summary>A notice that waits for its turn, and who waits for it.</summary>
    private sealed class Outgoing(byte[] notice) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public byte[] Notice => notice;

        public async void Follow(Task sent, string server)
        {
            try
            {
                await sent.ConfigureAwait(false);
                SetResult();
            }
            catch (RedisFailure failure)
            {
                SetException(RedisErrors.CannotPublish(server, failure));
            }
            catch (Exception exception)
            {
                SetException(exception);
            }
        }
    }

    /// <summary>One subscriber's place.</summary>
    private sealed class Subscription(RedisNotifier notifier, INoticeSubscriber subscriber) : IAsyncDisposable
    {
        private volatile bool _ended;

        public void Deliver(Incoming incoming)
        {
            if (_ended)
            {
                return;
            }

            if (incoming.IsGap)
            {
                subscriber.OnGap();
            }
            else
            {
                subscriber.OnNotice(incoming.Notice);
            }
        }

        public ValueTask DisposeAsync()
        {
            _ended = true;
            notifier.Remove(this);
            return ValueTask.CompletedTask;
        }
    }
}
