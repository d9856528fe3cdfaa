using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Stores;

/// <summary>Carries notices within this process: all that one node needs. The default where the store brings no notifier.</summary>
/// <remarks>
/// <para>Several hosts in one process may share one instance, as nodes share a server. Nothing is ever lost, so there are no gaps; it holds nothing that would
/// have to be disposed but its subscriptions.</para>
/// <para>A notice is sent when it waits for every subscriber; each has a queue of its own, so a slow one holds up neither senders nor others.</para>
/// </remarks>
/// <param name="logger">Is told what subscribers throw.</param>
public sealed partial class LocalNotifier(ILogger<LocalNotifier>? logger = null) : ISessionNotifier
{
    private readonly ILogger _logger = logger ?? NullLogger<LocalNotifier>.Instance;
    private readonly Lock _gate = new();
    private Subscription[] _subscriptions = [];

    /// <inheritdoc/>
    public ValueTask PublishAsync(ReadOnlyMemory<byte> notice, CancellationToken cancellationToken)
    {
        if (notice.Length > ISessionNotifier.MaxNoticeBytes)
        {
            throw new ArgumentException(
                $"A notice of {notice.Length:N0} bytes cannot be sent. The longest has {ISessionNotifier.MaxNoticeBytes:N0}, in every notifier. Send a key, and let who gets it read the rest.", nameof(notice));
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        var copy = notice.ToArray();
        lock (_gate)
        {
            foreach (var subscription in _subscriptions)
            {
                subscription.Add(copy);
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable> SubscribeAsync(INoticeSubscriber subscriber, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<IAsyncDisposable>(cancellationToken);
        }

        var subscription = new Subscription(this, subscriber);
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions, subscription];
        }

        return ValueTask.FromResult<IAsyncDisposable>(subscription);
    }

    private void Remove(Subscription subscription)
    {
        lock (_gate)
        {
            _subscriptions = [.. _subscriptions.Where(other => other != subscription)];
        }
    }

    [LoggerMessage(160, LogLevel.Error, "A subscriber failed to take a notice of another node. It gets the next ones.")]
    private static partial void LogSubscriberFailed(ILogger logger, Exception exception);

    /// <summary>Owns what one subscriber has not yet been told. Its loop makes all of the subscriber's calls.</summary>
    private sealed class Subscription : IAsyncDisposable
    {
        private readonly LocalNotifier _notifier;
        private readonly INoticeSubscriber _subscriber;
        private readonly Channel<byte[]> _notices = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
        private readonly Task _loop;
        private volatile bool _isEnded;

        public Subscription(LocalNotifier notifier, INoticeSubscriber subscriber)
        {
            (_notifier, _subscriber) = (notifier, subscriber);
            _loop = Task.Run(TellAsync);
        }

        public void Add(byte[] notice) => _notices.Writer.TryWrite(notice);

        /// <summary>When it returns, no call runs, and none comes any more. A subscriber that ends its own subscription must not wait for it.</summary>
        public async ValueTask DisposeAsync()
        {
            _isEnded = true;
            _notifier.Remove(this);
            _notices.Writer.TryComplete();
            await _loop.ConfigureAwait(false);
        }

        private async Task TellAsync()
        {
            await foreach (var notice in _notices.Reader.ReadAllAsync().ConfigureAwait(false))
            {
                if (_isEnded)
                {
                    return;
                }

                try
                {
                    _subscriber.OnNotice(notice);
                }
                catch (Exception exception)
                {
                    LogSubscriberFailed(_notifier._logger, exception);
                }
            }
        }
    }
}
