using Holdfast.Protocol;
using Holdfast.Sessions;

namespace Holdfast.Posts;

/// <summary>An entry of the queue whose end the POST waits for: an event, or what was typed.</summary>
/// <param name="settled">The event's ref; 0 for what was typed.</param>
/// <param name="run">Does it.</param>
internal sealed class PostedItem(long settled, Func<MountedPage, Task> run) : WorkItem
{
    private readonly TaskCompletionSource<Exception?> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override long Ref => settled;

    /// <summary>Ends with the item: what it failed with, or null.</summary>
    public Task<Exception?> Completion => _completion.Task;

    /// <summary>A click, or a submit. It was made on what the document was served: patch 0.</summary>
    public static PostedItem Event(long settled, string address) =>
        new(settled, page => address.Length == 0 ? Task.CompletedTask : page.DispatchAsync(address, sequence: 0, payload: null));

    /// <summary>What the controls say.</summary>
    public static PostedItem Fields(List<FieldEntry> fields) => new(0, new FieldsItem(fields, sequence: 0).RunAsync);

    public override Task RunAsync(MountedPage page) => run(page);

    public override void Completed(Exception? failure) => _completion.TrySetResult(failure);
}
