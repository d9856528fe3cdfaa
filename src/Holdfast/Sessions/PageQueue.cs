using Holdfast.Rendering;

namespace Holdfast.Sessions;

/// <summary>
/// Owns what one page has to do: items run one after another, each to its end, on the page's dispatcher. Work that comes through <c>InvokeAsync</c> from
/// outside is an item; from within the item that runs (a handler awaits it) it is not, or it would wait for itself. Thread-safe.
/// </summary>
internal sealed class PageQueue(LiveDispatcher dispatcher, Func<WorkItem, Task> execute, Action<Exception> failed) : IWorkQueue
{
    private readonly Lock _gate = new();
    private readonly Queue<WorkItem> _items = new();
    private readonly AsyncLocal<WorkItem?> _logicalItem = new();
    private Func<Task>? _executeRunning;
    private volatile WorkItem? _running;
    private bool _isPumping;
    private bool _isClosed;

    /// <summary>The item that runs now.</summary>
    public WorkItem? Running => _running;

    bool IWorkQueue.IsWithinCurrentItem => _logicalItem.Value is { } item && ReferenceEquals(item, _running);

    /// <summary>Adds an item; runs it at once, on the caller's thread, if nothing runs. Once the queue is closed the item is refused.</summary>
    public void Post(WorkItem item)
    {
        bool isRefused;
        lock (_gate)
        {
            isRefused = _isClosed;
            if (!isRefused)
            {
                _items.Enqueue(item);
                if (_isPumping)
                {
                    return;
                }

                _isPumping = true;
            }
        }

        if (isRefused)
        {
            Refuse(item);
        }
        else
        {
            _ = PumpAsync();
        }
    }

    /// <summary>Does work of the page itself in the queue; what it changes is not captured.</summary>
    public Task PostAsync(Func<Task> work)
    {
        var item = new CallbackItem(work, isCaptured: false);
        Post(item);
        return item.Completion;
    }

    Task IWorkQueue.RunAsync(Func<Task> work)
    {
        var item = new CallbackItem(work);
        Post(item);
        return item.Completion;
    }

    /// <summary>What runs from here on, and what it awaits, belongs to the item. Called at the beginning of its execution.</summary>
    public void Enter(WorkItem item) => _logicalItem.Value = item;

    /// <summary>The item has ended: work that it left behind waits its turn like any other.</summary>
    public void Leave() => _running = null;

    /// <summary>Refuses what waits, and all that comes.</summary>
    /// <returns>False when it was closed before.</returns>
    public bool Close()
    {
        WorkItem[] refused;
        lock (_gate)
        {
            if (_isClosed)
            {
                return false;
            }

            _isClosed = true;
            refused = [.. _items];
            _items.Clear();
        }

        foreach (var item in refused)
        {
            Refuse(item);
        }

        return true;
    }

    /// <summary>Work of a timer that outlived its page does nothing, as in Blazor: an exception there would end the process. The page's own callers must know.</summary>
    private static void Refuse(WorkItem item) =>
        item.Completed(item.IsCaptured ? null : new ObjectDisposedException(nameof(LiveView), "The page has ended."));

    private async Task PumpAsync()
    {
        _executeRunning ??= () => execute(_running!);
        while (true)
        {
            lock (_gate)
            {
                if (!_items.TryDequeue(out var item))
                {
                    _running = null;
                    _isPumping = false;
                    return;
                }

                _running = item;
            }

            try
            {
                await dispatcher.Inner.InvokeAsync(_executeRunning).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                failed(exception); // The queue goes on, whatever happens.
            }
        }
    }
}
