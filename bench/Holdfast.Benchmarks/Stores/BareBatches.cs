namespace Holdfast.Benchmarks.Stores;

/// <summary>
/// Writes what many sessions want to write at the same time in one batch, as the stores of SQLite and PostgreSQL do: while one is being committed the
/// next gathers.
/// </summary>
/// <remarks>Owns a thread for each committer, on which it is called.</remarks>
internal sealed class BareBatches : IClickWriter
{
    private readonly int _size;
    private readonly object _gate = new();
    private readonly Queue<(int Session, TaskCompletionSource Written)> _queue = new();
    private readonly IBareCommitter[] _committers;
    private readonly Task[] _running;
    private bool _stopping;

    public BareBatches(int size, params IBareCommitter[] committers)
    {
        _size = size;
        _committers = committers;
        _running = Array.ConvertAll(committers, committer => Task.Factory.StartNew(() => Run(committer), TaskCreationOptions.LongRunning));
    }

    public Task ClickAsync(int session)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _queue.Enqueue((session, written));
            Monitor.Pulse(_gate);
        }

        return written.Task;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }

        await Task.WhenAll(_running);
        Array.ForEach(_committers, committer => committer.Dispose());
    }

    private void Run(IBareCommitter committer)
    {
        var sessions = new List<int>(_size);
        var written = new List<TaskCompletionSource>(_size);
        while (TakeBatch(sessions, written))
        {
            committer.Commit(sessions);
            written.ForEach(write => write.SetResult());
        }
    }

    private bool TakeBatch(List<int> sessions, List<TaskCompletionSource> written)
    {
        sessions.Clear();
        written.Clear();
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_stopping)
                {
                    return false;
                }

                Monitor.Wait(_gate);
            }

            while (sessions.Count < _size && _queue.TryDequeue(out var write))
            {
                sessions.Add(write.Session);
                written.Add(write.Written);
            }

            return true;
        }
    }
}

/// <summary>Commits the same click for many sessions in one transaction. Called on one thread.</summary>
internal interface IBareCommitter : IDisposable
{
    void Commit(List<int> sessions);
}
