using Holdfast.Stores;

namespace Holdfast.Benchmarks.Stores;

/// <summary>The memory store, which has no peer: what its clicks cost is the session object itself.</summary>
internal sealed class MemoryUnderTest : StoreUnderTest
{
    public override ISessionStore Store { get; } = new MemorySessionStore();

    public override Task<IReadOnlyList<IClickWriter>> OpenPeersAsync(SessionWrite click, IReadOnlyList<string> keys) => Task.FromResult<IReadOnlyList<IClickWriter>>([]);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
