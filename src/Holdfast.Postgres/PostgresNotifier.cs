using System.Collections.Immutable;
using Holdfast.Stores;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Holdfast.Postgres;

/// <summary>Carries notices between nodes by NOTIFY and LISTEN. A notice that is too long for that is kept in a row until the sweep, and its number
/// is sent.</summary>
/// <remarks>Owns the publisher, the subscribers, and the one connection that listens, from the first subscription to its own end. The channel's name is
/// the schema's with <c>_notices</c>; NOTIFY keeps to one database.</remarks>
internal sealed class PostgresNotifier : ISessionNotifier, IAsyncDisposable
{
    /// <summary>How long the connection may be silent before it is asked whether it still is one. Chosen: a lost node or cable is noticed within this
    /// and the command's time-out.</summary>
    private static readonly TimeSpan s_ping = TimeSpan.FromSeconds(10);

    private readonly PostgresDatabase _database;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly string _channel;
    private readonly NoticePublisher _publisher;
    private readonly SemaphoreSlim _starting = new(1);
    private readonly CancellationTokenSource _stop = new();
    private ImmutableList<Subscription> _subscriptions = [];
    private Task? _listening;

    public PostgresNotifier(PostgresDatabase database, TimeProvider clock, ILogger logger)
    {
        (_database, _clock, _logger) = (database, clock, logger);
        _channel = database.Schema + "_notices";
        _publisher = new NoticePublisher(database, _channel);
    }

    /// <inheritdoc/>
    public ValueTask PublishAsync(ReadOnlyMemory<byte> notice, CancellationToken cancellationToken)
    {
        if (notice.Length > ISessionNotifier.MaxNoticeBytes)
        {
            throw new ArgumentException(
                $"A notice of {notice.Length:N0} bytes cannot be sent. The longest has {ISessionNotifier.MaxNoticeBytes:N0}, the same with every store. Send the "
                + "key of what it is about, and let its receivers look into the store.",
                nameof(notice));
        }

        cancellationToken.ThrowIfCancellationRequested();
        return new ValueTask(_publisher.PublishAsync(notice).WaitAsync(cancellationToken));
    }

    /// <inheritdoc/>
    public async ValueTask<IAsyncDisposable> SubscribeAsync(INoticeSubscriber subscriber, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
        var subscription = new Subscription(this, subscriber);
        ImmutableInterlocked.Update(ref _subscriptions, static (all, added) => all.Add(added), subscription);
        try
        {
            await StartAsync(cancellationToken).ConfigureAwait(false);
            return subscription;
        }
        catch
        {
            Remove(subscription);
            throw;
        }
    }

    /// <summary>Sends what was handed over, and listens no more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _publisher.StopAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _starting.WaitAsync().ConfigureAwait(false);
        try
        {
            await (_listening ?? Task.CompletedTask).ConfigureAwait(false);
        }
        finally
        {
            _starting.Release();
        }
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        await _starting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_listening is null)
            {
                var listener = await NoticeListener.ConnectAsync(_database, _channel, cancellationToken).ConfigureAwait(false);
                _listening = Task.Run(() => ListenAsync(listener), CancellationToken.None);
            }
        }
        catch (Exception exception) when (PostgresDatabase.IsServers(exception))
        {
            throw PostgresErrors.CannotListen(_database.Place, _database.Schema, exception);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>Hands on what comes, over one connection after another, until the end. Never fails.</summary>
    private async Task ListenAsync(NoticeListener first)
    {
        for (NoticeListener? listener = first; listener is not null; listener = await ConnectAgainAsync().ConfigureAwait(false))
        {
            try
            {
                if (listener != first)
                {
                    Log.ListeningAgain(_logger);
                    Tell(static subscriber => subscriber.OnGap());
                }

                while (true)
                {
                    foreach (var notice in await listener.ReadAsync(s_ping, _stop.Token).ConfigureAwait(false))
                    {
                        Tell(subscriber => subscriber.OnNotice(notice));
                    }
                }
            }
            catch (Exception exception)
            {
                if (!_stop.IsCancellationRequested)
                {
                    Log.ListeningLost(_logger, exception);
                }
            }
            finally
            {
                await listener.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Tries without end, less and less often. Null when it is time to stop.</summary>
    private async Task<NoticeListener?> ConnectAgainAsync()
    {
        var backOff = new BackOff(_clock);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                return await NoticeListener.ConnectAsync(_database, _channel, _stop.Token).ConfigureAwait(false);
            }
            catch (Exception)
            {
                // That the connection is lost was logged; that it still is, is no news.
            }

            await backOff.WaitAsync(_stop.Token).ConfigureAwait(false);
        }

        return null;
    }

    private void Tell(Action<INoticeSubscriber> tell)
    {
        foreach (var subscription in Volatile.Read(ref _subscriptions))
        {
            try
            {
                tell(subscription.Subscriber);
            }
            catch (Exception exception)
            {
                Log.SubscriberFailed(_logger, exception);
            }
        }
    }

    private void Remove(Subscription subscription) =>
        ImmutableInterlocked.Update(ref _subscriptions, static (all, removed) => all.Remove(removed), subscription);

    private sealed class Subscription(PostgresNotifier notifier, INoticeSubscriber subscriber) : IAsyncDisposable
    {
        public INoticeSubscriber Subscriber => subscriber;

        public ValueTask DisposeAsync()
        {
            notifier.Remove(this);
            return ValueTask.CompletedTask;
        }
    }
}
