namespace Holdfast.Stores;

/// <summary>Carries short notices between the nodes that share a store: that a record was deleted, say. A store which several machines can share
/// brings one; without it nodes learn of each other's writes when they next read or write.</summary>
/// <remarks>
/// <para>A notice is a hint: whoever gets one looks into the store. It is sent after what it speaks of was committed.</para>
/// <para>Every member may be called from any thread and at the same time.</para>
/// </remarks>
public interface ISessionNotifier
{
    /// <summary>The longest notice, in bytes; the same for all. Chosen: room for one message of a page (its frames have as much).</summary>
    const int MaxNoticeBytes = 64 * 1024;

    /// <summary>Sends a notice to every subscriber, those of this node too. Notices of one sender arrive in their order; a lost connection may
    /// lose some, and then each subscriber concerned is told of a gap.</summary>
    /// <exception cref="SessionStoreException">It could not be sent; nobody got it, as far as is known.</exception>
    /// <exception cref="ArgumentException">The notice is longer than <see cref="MaxNoticeBytes"/>.</exception>
    ValueTask PublishAsync(ReadOnlyMemory<byte> notice, CancellationToken cancellationToken);

    /// <summary>Hands every notice from now on to a subscriber, until what is returned is disposed. The connection is kept up without end, and
    /// made again when it is lost.</summary>
    /// <exception cref="SessionStoreException">The first connection could not be made.</exception>
    ValueTask<IAsyncDisposable> SubscribeAsync(INoticeSubscriber subscriber, CancellationToken cancellationToken);
}

/// <summary>Is told what other nodes did. Its members return quickly, and are called one after another; what they throw is logged and dropped.</summary>
public interface INoticeSubscriber
{
    /// <summary>A notice came. Its bytes are valid during the call only.</summary>
    void OnNotice(ReadOnlyMemory<byte> notice);

    /// <summary>The connection was lost and is there again: notices may be missing.</summary>
    void OnGap();
}
