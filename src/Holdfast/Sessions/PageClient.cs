using Holdfast.Protocol;

namespace Holdfast.Sessions;

/// <summary>The connection as a page sees it. Thread-safe; nothing here waits.</summary>
internal interface IPageClient
{
    /// <summary>Whether the client drains too slowly for another patch.</summary>
    bool IsFull { get; }

    /// <summary>Queues a frame, in order; it is dropped when the connection is gone.</summary>
    void Send(ServerFrame frame);

    /// <summary>Queues a <c>joined</c> frame: events are dropped until its <c>fields</c> come.</summary>
    void SendJoined(ServerFrame frame);

    /// <summary>The page cannot go on: mount it anew for this connection, and ask for the unacked events.</summary>
    void Remount(MountedPage page, MountReason reason);

    /// <summary>The page has ended; unless another one is on its way already, the document must join again.</summary>
    void Ended(MountedPage page);

    /// <summary>The instance was taken by another connection.</summary>
    void TakenOver();
}
