using System.Text;
using Holdfast.Diagnostics;
using Holdfast.Stores;

namespace Holdfast.Sessions;

/// <summary>Tells other nodes that a record was deleted or has another owner, and looks when they say so. Thread-safe.</summary>
/// <remarks>A notice is the letter <c>r</c> and the record's key. Without a notifier the regular look of <see cref="SessionRegistry.LookAsync()"/> finds what it would have said.</remarks>
internal sealed class SessionNotices(SessionRegistry sessions, ISessionNotifier? notifier, StoreMetrics metrics) : INoticeSubscriber, IAsyncDisposable
{
    private const byte RecordChanged = (byte)'r';
    private IAsyncDisposable? _subscription;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        sessions.Revoked = key => _ = PublishAsync(key);
        if (notifier is not null)
        {
            _subscription = await notifier.SubscribeAsync(this, cancellationToken).ConfigureAwait(false);
        }
    }

    public void OnNotice(ReadOnlyMemory<byte> notice)
    {
        if (notice.Length > 1 && notice.Span[0] == RecordChanged)
        {
            _ = sessions.LookAsync(Encoding.ASCII.GetString(notice.Span[1..]));
        }
    }

    public void OnGap() => _ = sessions.LookAsync();

    public async ValueTask DisposeAsync()
    {
        if (_subscription is not null)
        {
            await _subscription.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task PublishAsync(string key)
    {
        if (notifier is null)
        {
            return;
        }

        try
        {
            await notifier.PublishAsync((byte[])[RecordChanged, .. Encoding.ASCII.GetBytes(key)], CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            metrics.NoticeFailed(exception);
        }
    }
}
