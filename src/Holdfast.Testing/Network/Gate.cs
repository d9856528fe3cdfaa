namespace Holdfast.Testing.Network;

/// <summary>Lets through, or holds until it is opened. Any thread may call any member.</summary>
internal sealed class Gate
{
    private volatile TaskCompletionSource? _closed;

    public void Close() => Interlocked.CompareExchange(
        ref _closed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);

    public void Open() => Interlocked.Exchange(ref _closed, null)?.TrySetResult();

    public async ValueTask PassAsync(CancellationToken cancellationToken)
    {
        while (_closed is { } closed)
        {
            await closed.Task.WaitAsync(cancellationToken);
        }
    }
}
