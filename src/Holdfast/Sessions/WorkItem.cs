namespace Holdfast.Sessions;

/// <summary>One entry of a page's queue. Items run one after another, each to its end.</summary>
internal abstract class WorkItem
{
    /// <summary>The document's ref of the event; 0 for work that is no event.</summary>
    public virtual long Ref => 0;

    /// <summary>Whether what it changes is captured.</summary>
    public virtual bool IsCaptured => true;

    /// <summary>Does the work, on the page's dispatcher.</summary>
    public abstract Task RunAsync(MountedPage page);

    /// <summary>The item has ended, and what it changed is merged, or undone.</summary>
    public virtual void Completed(Exception? failure)
    {
    }
}

/// <summary>Work that came through <c>InvokeAsync</c>, or that the page itself does in its queue.</summary>
internal sealed class CallbackItem(Func<Task> work, bool isCaptured = true) : WorkItem
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override bool IsCaptured => isCaptured;

    /// <summary>Ends with the item, and throws what it threw.</summary>
    public Task Completion => _completion.Task;

    public override Task RunAsync(MountedPage page) => work();

    public override void Completed(Exception? failure)
    {
        if (failure is null)
        {
            _completion.TrySetResult();
        }
        else
        {
            _completion.TrySetException(failure);
            if (!isCaptured)
            {
                _ = _completion.Task.Exception; // The page's own work: nobody waits for it.
            }
        }
    }
}
