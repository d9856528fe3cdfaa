using System.Text.Json;
using Holdfast.Protocol;
using Holdfast.Sessions;

namespace Holdfast.Posts;

/// <summary>A POST as its page sees it: a client that takes no patches, and waits for the ack. Thread-safe.</summary>
internal sealed class PostClient : IPageClient
{
    private readonly TaskCompletionSource<MountReason> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _acked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _last;

    /// <param name="last">The ref of the last event.</param>
    public PostClient(long last) => _last = last;

    /// <summary>Where the page leads, if it does.</summary>
    public string? Url { get; private set; }

    /// <summary>The last event is durable.</summary>
    public Task Acked => _acked.Task;

    /// <summary>The page cannot go on: it failed, or a newer instance has written.</summary>
    public Task<MountReason> Ended => _ended.Task;

    bool IPageClient.IsFull => true;

    void IPageClient.Send(ServerFrame frame)
    {
        using (var message = JsonDocument.Parse(frame.Memory))
        {
            switch (message.RootElement[0].GetString())
            {
                case "ack" when message.RootElement[1].GetInt64() >= _last:
                    _acked.TrySetResult();
                    break;
                case "navigate":
                    Url = message.RootElement[1].GetString();
                    break;
            }
        }

        frame.Return();
    }

    void IPageClient.SendJoined(ServerFrame frame) => frame.Return();

    void IPageClient.Remount(MountedPage page, MountReason reason) => _ended.TrySetResult(reason);

    void IPageClient.Ended(MountedPage page) => _ended.TrySetResult(MountReason.Join);

    void IPageClient.TakenOver() => _ended.TrySetResult(MountReason.Join);
}
