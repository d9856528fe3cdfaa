namespace Holdfast.Nodes.Tests.Farms;

/// <summary>How many events the tabs may make, so that a run has as many as were asked for, spread over its kills. Thread-safe.</summary>
internal sealed class Traffic : IDisposable
{
    private readonly SemaphoreSlim _allowed = new(0);
    private readonly CancellationTokenSource _closed = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _made;

    /// <summary>How many events were made.</summary>
    public int Made => Volatile.Read(ref _made);

    /// <summary>Lets the tabs make more events.</summary>
    public void Allow(int events) => _allowed.Release(events);

    /// <summary>Lets them make no more.</summary>
    public void Close() => _closed.Cancel();

    /// <summary>Waits until one more event may be made, and counts it.</summary>
    /// <returns>False when there will be none.</returns>
    public async Task<bool> TakeAsync()
    {
        try
        {
            await _allowed.WaitAsync(_closed.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        lock (_gate)
        {
            _made++;
            var more = _more;
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            more.SetResult();
        }

        return true;
    }

    /// <summary>Waits until so many events were made.</summary>
    public async Task MadeAsync(int events, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_made >= events)
                {
                    return;
                }

                more = _more.Task;
            }

            await more.WaitAsync(cancellationToken);
        }
    }

    public void Dispose()
    {
        _allowed.Dispose();
        _closed.Dispose();
    }
}
