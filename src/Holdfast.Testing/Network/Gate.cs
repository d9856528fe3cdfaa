namespace Holdfast.Testing.Network;

/// <summary>Lets through, or holds until it is opened. Any thread may call any member.</summary>
internal sealed class Gate
{
    /// <summary>Ends with whether those who wait may pass although it is closed.</summary>
    private volatile TaskCompletionSource<bool>? _closed;

    public void Close() => Interlocked.CompareExchange(ref _closed, Closed(), null);

    public void Open() => Interlocked.Exchange(ref _closed, null)?.TrySetResult(false);

    /// <summary>Lets those through who wait now; it stays closed for others.</summary>
    public void LetThrough()
    {
        if (_closed is { } closed && Interlocked.CompareExchange(ref _closed, Closed(), closed) == closed)
        {
            closed.TrySetResult(true);
        }
    }

    public async ValueTask PassAsync(CancellationToken cancellationToken)
    {
        while (_closed is { } closed && !await closed.Task.WaitAsync(cancellationToken))
        {
        }
    }

    private static TaskCompletionSource<bool> Closed() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
