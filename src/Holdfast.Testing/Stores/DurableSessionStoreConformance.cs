using Holdfast.Stores;
using Xunit;

// The name of a fact is its documentation.
#pragma warning disable CS1591

namespace Holdfast.Testing.Stores;

/// <summary>What a store promises besides when its sessions outlive its process.</summary>
public abstract class DurableSessionStoreConformance : SessionStoreConformance
{
    [Fact]
    public async Task Sessions_survive_closing_and_opening_the_store()
    {
        EntryChange[] changes = [Set(Member("a"), "1"), new(Member("empty"), []), new(Member("large"), new byte[100_000])];
        var revision = await CommitAsync("s", 0, changes);
        await CommitAsync("deleted", 0);
        await Store.DeleteAsync("deleted", Cancel);
        await CloseAllAsync();

        var reopened = await OpenNodeAsync();

        var session = (await reopened.ReadAsync("s", 0, Cancel)).Session!;
        Assert.Equal(revision, session.Revision);
        Assert.Equal(Clock.GetUtcNow() + Lifetime, session.ExpiresAt);
        AssertEntries(changes, session);
        Assert.Equal(SessionReadResult.Missing, await reopened.ReadAsync("deleted", 0, Cancel));
        Assert.True((await reopened.WriteAsync("s", Write(revision), Cancel)).Committed);
    }

    [Fact]
    public async Task What_was_handed_over_before_the_store_was_closed_is_written()
    {
        var writes = Enumerable.Range(0, 50)
            .Select(i => Store.WriteAsync($"s{i}", Write(0, Set(Member("i"), $"{i}")), Cancel).AsTask())
            .ToArray();
        await CloseAllAsync();

        Assert.All(await Task.WhenAll(writes), result => Assert.True(result.Committed));
        var reopened = await OpenNodeAsync();
        for (var i = 0; i < writes.Length; i++)
        {
            Assert.Equal($"{i}", Text((await reopened.ReadAsync($"s{i}", 0, Cancel)).Session!, Member("i")));
        }
    }
}
