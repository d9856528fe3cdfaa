namespace Holdfast;

/// <summary>What ties a view to the page that mounted it.</summary>
internal sealed class ViewLink(Mount mount, IViewHost host)
{
    public Mount Mount => mount;

    public void Restore(LiveView view) => host.Restore(view);

    public void Start(Func<CancellationToken, Task> work, Func<Exception, Task> failed) => host.Start(work, failed);

    public void ClearState(LiveView view) => host.ClearState(view);

    public void RestoredHookFailed(LiveView view, Exception exception) => host.OnRestoredHookFailed(view, exception);
}

/// <summary>What a view asks of its page. Called on the dispatcher.</summary>
internal interface IViewHost
{
    /// <summary>Puts stored members back into a view that is about to be initialised.</summary>
    void Restore(LiveView view);

    /// <summary>Runs work beside the queue until the page ends.</summary>
    void Start(Func<CancellationToken, Task> work, Func<Exception, Task> failed);

    /// <summary>The view's state is to be deleted when the item that runs has ended.</summary>
    void ClearState(LiveView view);

    /// <summary><see cref="LiveView.OnRestoredAsync"/> threw.</summary>
    void OnRestoredHookFailed(LiveView view, Exception exception);
}
