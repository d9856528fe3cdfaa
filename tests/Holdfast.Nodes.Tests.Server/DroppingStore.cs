using Holdfast.Stores;

namespace Holdfast.Nodes.Tests.Server;

/// <summary>A store that, when told, answers a write as committed and writes nothing of what it changes; only the revision is raised. All else is passed on.</summary>
internal sealed class DroppingStore(ISessionStore inner) : ISessionStore
{
    private int _drops;

    public StoreDurability Durability => inner.Durability;

    /// <summary>Drops the next write.</summary>
    public void DropNext() => Interlocked.Increment(ref _drops);

    public ValueTask OpenAsync(CancellationToken cancellationToken) => inner.OpenAsync(cancellationToken);

    public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken) => inner.ReadAsync(key, knownRevision, cancellationToken);

    public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken) =>
        inner.WriteAsync(key, Interlocked.Exchange(ref _drops, 0) > 0 ? write with { Changes = [] } : write, cancellationToken);

    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);

    public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => inner.SweepAsync(cancellationToken);
}
