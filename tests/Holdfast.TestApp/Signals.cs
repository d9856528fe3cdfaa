using System.Collections.Concurrent;

namespace Holdfast.TestViews;

/// <summary>Where a handler or background work waits until a test says so. Thread-safe.</summary>
public sealed class Signals
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _set = new();
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _reached = new();

    /// <summary>Called by a view: waits for one <see cref="Set"/>.</summary>
    public Task WaitAsync(string name, CancellationToken cancellationToken = default)
    {
        Of(_reached, name).Release();
        return Of(_set, name).WaitAsync(cancellationToken);
    }

    /// <summary>Lets one waiter go on.</summary>
    public void Set(string name) => Of(_set, name).Release();

    /// <summary>Waits until somebody waits.</summary>
    public Task ReachedAsync(string name) => Of(_reached, name).WaitAsync(TimeSpan.FromSeconds(10)).ContinueWith(
        reached => reached.Result ? true : throw new TimeoutException($"Nobody waits for '{name}'."), TaskScheduler.Default);

    private static SemaphoreSlim Of(ConcurrentDictionary<string, SemaphoreSlim> signals, string name) =>
        signals.GetOrAdd(name, static _ => new SemaphoreSlim(0));
}
