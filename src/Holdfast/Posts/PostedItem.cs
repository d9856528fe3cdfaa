using Holdfast.Sessions;

namespace Holdfast.Posts;

/// <summary>An entry of the queue whose end the POST waits for.</summary>
/// <param name="item">What is to be done.</param>
internal sealed class PostedItem(WorkItem item) : WorkItem
{
    private readonly TaskCompletionSource<Exception?> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override long Ref => item.Ref;

    /// <summary>Ends with the item: what it failed with, or null.</summary>
    public Task<Exception?> Completion => _completion.Task;

    public override Task RunAsync(MountedPage page) => item.RunAsync(page);

    public override void Completed(Exception? failure) => _completion.TrySetResult(failure);
}
