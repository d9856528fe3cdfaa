namespace Holdfast.S3;

/// <summary>Owns the number of calls under way, so that the store can wait for them when it ends. Called from any thread.</summary>
internal sealed class CallCount
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private bool _ending;

    /// <summary>Begins a call, which ends when what is returned is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The store takes no more.</exception>
    public Running Enter(object store)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ending, store);
            _running++;
            return new Running(this);
        }
    }

    /// <summary>Takes no more calls, and completes when the last one has ended.</summary>
    public Task EndAsync()
    {
        lock (_gate)
        {
            _ending = true;
            SignalEnd();
        }

        return _ended.Task;
    }

    private void Exit()
    {
        lock (_gate)
        {
            _running--;
            SignalEnd();
        }
    }

    /// <summary>Needs the gate.</summary>
    private void SignalEnd()
    {
        if (_ending && _running == 0)
        {
            _ended.TrySetResult();
        }
    }

    internal readonly struct Running(CallCount count) : IDisposable
    {
        public void Dispose() => count.Exit();
    }
}
