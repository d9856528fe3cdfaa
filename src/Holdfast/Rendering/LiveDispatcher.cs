using Microsoft.AspNetCore.Components;

namespace Holdfast.Rendering;

/// <summary>Where work goes that comes from outside the dispatcher.</summary>
internal interface IWorkQueue
{
    /// <summary>Whether the caller belongs to the queue item that is running (a handler awaits it), so that it must not wait for that item.</summary>
    bool IsWithinCurrentItem { get; }

    /// <summary>Runs the work as an item of its own. The task ends with it, and throws what it threw.</summary>
    Task RunAsync(Func<Task> work);
}

/// <summary>
/// The dispatcher of one page. Work from outside (a timer, a background task) becomes an item of the page's queue, so that it never runs between
/// the parts of a handler and what it changes is captured; work from inside runs at once, as in Blazor.
/// </summary>
internal sealed class LiveDispatcher : Dispatcher
{
    /// <summary>The framework's own dispatcher: one thing at a time.</summary>
    public Dispatcher Inner { get; } = CreateDefault();

    /// <summary>The page's queue; null while there is none (the HTML of a GET).</summary>
    public IWorkQueue? Queue { get; set; }

    public override bool CheckAccess() => Inner.CheckAccess();

    public override Task InvokeAsync(Action workItem) =>
        RunsInside
            ? Inner.InvokeAsync(workItem)
            : Queue!.RunAsync(() =>
            {
                workItem();
                return Task.CompletedTask;
            });

    public override Task InvokeAsync(Func<Task> workItem) => RunsInside ? Inner.InvokeAsync(workItem) : Queue!.RunAsync(workItem);

    public override async Task<TResult> InvokeAsync<TResult>(Func<TResult> workItem)
    {
        if (RunsInside)
        {
            return await Inner.InvokeAsync(workItem);
        }

        TResult result = default!;
        await Queue!.RunAsync(() =>
        {
            result = workItem();
            return Task.CompletedTask;
        });
        return result;
    }

    public override async Task<TResult> InvokeAsync<TResult>(Func<Task<TResult>> workItem)
    {
        if (RunsInside)
        {
            return await Inner.InvokeAsync(workItem);
        }

        TResult result = default!;
        await Queue!.RunAsync(async () => result = await workItem());
        return result;
    }

    private bool RunsInside => Queue is not { } queue || Inner.CheckAccess() || queue.IsWithinCurrentItem;
}
