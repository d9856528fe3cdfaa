using Holdfast.Stores;

namespace Holdfast.Nodes.Tests.Server;

/// <summary>A store that answers each third write as committed and writes nothing of what it changes; only the revision is raised. All else is passed on.</summary>
internal sealed class DroppingStore(ISessionStore inner) : ISessionStore
{
    private const int DropsOneOf = 3;

    private int _writes;

    public StoreDurability Durability => inner.Durability;

    public ValueTask OpenAsync(CancellationToken cancellationToken) => inner.OpenAsync(cancellationToken);

    public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken) => inner.ReadAsync(key, knownRevision, cancellationToken);

    public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken) =>
        write.ExpectedRevision > 0 && Interlocked.Increment(ref _writes) % DropsOneOf == 0
            ? inner.WriteAsync(key, write with { Changes = [] }, cancellationToken)
            : inner.WriteAsync(key, write, cancellationToken);

    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);

    public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => inner.SweepAsync(cancellationToken);
}
