using Holdfast.Stores;
using Holdfast.Testing.Stores;
using Holdfast.Testing.Time;
using Xunit;

namespace Holdfast.Stores.Tests;

public sealed class MemorySessionStoreTests : SessionStoreConformance
{
    private MemorySessionStore? _store;

    protected override int HistorySteps => 10_000;

    protected override int RaceIncrements => 5_000;

    /// <summary>Nodes of one process share the instance.</summary>
    protected override ValueTask<ISessionStore> OpenStoreAsync(FakeTimeProvider clock) =>
        ValueTask.FromResult<ISessionStore>(_store ??= new MemorySessionStore(clock));

    [Fact]
    public async Task Every_call_completes_before_it_returns()
    {
        var write = Store.WriteAsync("s", Write(0, Set(Member("a"), "1")), Cancel);
        Assert.True(write.IsCompletedSuccessfully);
        await write;
        Assert.True(Store.ReadAsync("s", 0, Cancel).IsCompletedSuccessfully);
        Assert.True(Store.SweepAsync(Cancel).IsCompletedSuccessfully);
        Assert.True(Store.DeleteAsync("s", Cancel).IsCompletedSuccessfully);
    }
}
