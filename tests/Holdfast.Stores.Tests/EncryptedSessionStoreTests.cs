using Holdfast.Testing.Stores;
using Holdfast.Testing.Time;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>That a store stays a store when its values are encrypted, and that they are.</summary>
public sealed class EncryptedSessionStoreTests : SessionStoreConformance
{
    private readonly IDataProtectionProvider _keys = new EphemeralDataProtectionProvider();
    private MemorySessionStore? _inner;

    protected override int RaceIncrements => 200;

    /// <summary>Nodes of one process share the instance that has the data, and the keys.</summary>
    protected override ValueTask<ISessionStore> OpenStoreAsync(FakeTimeProvider clock)
    {
        _inner ??= new MemorySessionStore(clock);
        return ValueTask.FromResult(Encrypted(_inner, _keys));
    }

    [Fact]
    public async Task Every_value_is_encrypted_each_time_anew_and_names_stay_in_clear()
    {
        await CommitAsync("a", 0, Set(Member("Secret"), "plain text"), Set(Member("Other"), "plain text"), Set(Member("Empty"), ""));

        var stored = (await _inner!.ReadAsync("a", 0, Cancel)).Session!.Entries;

        Assert.Equal(["Empty", "Other", "Secret"], stored.Keys.Select(entry => entry.Name).Order());
        Assert.Equal(3, stored.Values.Select(Convert.ToHexString).Distinct().Count());
        Assert.All(stored.Values, value => Assert.InRange(value.Length, 100, 200));
        Assert.All(stored.Values, value => Assert.Equal(-1, value.AsSpan().IndexOf("plain"u8)));
    }

    [Fact]
    public async Task A_value_is_refused_in_another_entrys_place()
    {
        await CommitAsync("s", 0, Set(Member("Admin"), "true"), Set(Member("Newsletter"), "true"));
        await PutAsync("s", entries => [new(Member("Admin"), entries[Member("Newsletter")])]);

        var error = await Assert.ThrowsAsync<SessionStoreException>(async () => await Store.ReadAsync("s", 0, Cancel));

        Assert.Contains("'Admin'", error.Message);
        Assert.Contains("the store was altered", error.Message);
    }

    [Theory]
    [InlineData("/two", EntryKind.Member, "Name")]
    [InlineData("/one", EntryKind.Tab, "Name")]
    [InlineData("/one", EntryKind.Member, "Name2")]
    public async Task A_value_is_refused_on_another_page_as_another_kind_and_under_another_name(string slice, EntryKind kind, string name)
    {
        var entry = new EntryKey(slice, kind, name);
        await CommitAsync("s", 0, Set(new("/one", EntryKind.Member, "Name"), "1"), Set(entry, "2"));

        await PutAsync("s", entries => [new(entry, entries[new("/one", EntryKind.Member, "Name")])]);

        await Assert.ThrowsAsync<SessionStoreException>(async () => await Store.ReadAsync("s", 0, Cancel));
    }

    [Fact]
    public async Task A_value_is_refused_in_another_session_under_the_same_name()
    {
        await CommitAsync("mine", 0, Set(Member("Name"), "\"me\""));
        await CommitAsync("yours", 0, Set(Member("Name"), "\"you\""));
        var stolen = (await _inner!.ReadAsync("yours", 0, Cancel)).Session!.Entries[Member("Name")];

        await PutAsync("mine", _ => [new(Member("Name"), stolen)]);

        await Assert.ThrowsAsync<SessionStoreException>(async () => await Store.ReadAsync("mine", 0, Cancel));
        Assert.Equal(SessionReadStatus.Read, (await Store.ReadAsync("yours", 0, Cancel)).Status);
    }

    [Fact]
    public async Task One_altered_value_fails_the_read_and_what_is_stored_stays()
    {
        await CommitAsync("s", 0, Set(Member("a"), "1"), Set(Member("b"), "2"));
        await PutAsync("s", entries => [new(Member("a"), [.. entries[Member("a")].SkipLast(1), 0xFF])]);
        var before = (await _inner!.ReadAsync("s", 0, Cancel)).Session!;

        await Assert.ThrowsAsync<SessionStoreException>(async () => await Store.ReadAsync("s", 0, Cancel));

        var after = (await _inner.ReadAsync("s", 0, Cancel)).Session!;
        Assert.Equal(before.Revision, after.Revision);
        Assert.All(before.Entries, entry => Assert.Equal(entry.Value, after.Entries[entry.Key]));
    }

    [Fact]
    public async Task With_other_keys_a_session_is_unread_and_not_empty_and_with_the_old_ones_it_is_there()
    {
        await CommitAsync("s", 0, Set(Member("a"), "1"));
        var other = Encrypted(_inner!, new EphemeralDataProtectionProvider());

        var error = await Assert.ThrowsAsync<SessionStoreException>(async () => await other.ReadAsync("s", 0, Cancel));

        Assert.Contains("key is lost or revoked", error.Message);
        Assert.Contains("Bring the key ring back", error.Message);
        AssertEntries([Set(Member("a"), "1")], await ReadAsync("s"));
        Assert.True(await other.DeleteAsync("s", Cancel));
    }

    [Fact]
    public async Task What_was_stored_before_is_refused_unless_the_app_says_that_it_is_read_and_then_reading_encrypts_all_of_it()
    {
        await _inner!.WriteAsync("s", Write(0, Set(Member("old"), "1"), Set(Member("kept"), "2"), Set(Member("empty"), "")), Cancel);

        var error = await Assert.ThrowsAsync<SessionStoreException>(async () => await Store.ReadAsync("s", 0, Cancel));
        Assert.Contains("EncryptAtRest(readUnencrypted: true)", error.Message);

        var changing = Encrypted(_inner, _keys, readUnencrypted: true);
        var session = (await changing.ReadAsync("s", 0, Cancel)).Session!;
        AssertEntries([Set(Member("old"), "1"), Set(Member("kept"), "2"), Set(Member("empty"), "")], session);
        Assert.Equal(Clock.GetUtcNow() + Lifetime, session.ExpiresAt);
        Assert.Equal(SessionReadStatus.Unchanged, (await changing.ReadAsync("s", session.Revision, Cancel)).Status);
        Assert.True((await changing.WriteAsync("s", Write(session.Revision, Set(Member("old"), "3")), Cancel)).Committed);

        // All of it is encrypted now, so that the strict store reads it too.
        AssertEntries([Set(Member("old"), "3"), Set(Member("kept"), "2"), Set(Member("empty"), "")], await ReadAsync("s"));
    }

    [Fact]
    public async Task A_session_that_somebody_changes_while_it_is_encrypted_is_read_as_it_was_changed()
    {
        await _inner!.WriteAsync("s", Write(0, Set(Member("a"), "1"), Set(Member("b"), "2")), Cancel);
        var racing = new RacingStore(_inner, async () =>
        {
            var stored = (await _inner.ReadAsync("s", 0, Cancel)).Session!;
            await _inner.WriteAsync("s", Write(stored.Revision, Set(Member("b"), "3")), Cancel);
        });

        var read = await Encrypted(racing, _keys, readUnencrypted: true).ReadAsync("s", 0, Cancel);

        AssertEntries([Set(Member("a"), "1"), Set(Member("b"), "3")], read.Session!);
        AssertEntries([Set(Member("a"), "1"), Set(Member("b"), "3")], await ReadAsync("s"));
    }

    private static ISessionStore Encrypted(ISessionStore inner, IDataProtectionProvider keys, bool readUnencrypted = false)
    {
        var services = new ServiceCollection();
        new HoldfastBuilder(services).EncryptAtRest(readUnencrypted).UseStore(_ => inner);
        services.AddSingleton(keys);
        return services.BuildServiceProvider().GetRequiredService<ISessionStore>();
    }

    /// <summary>Alters the store past the encryption.</summary>
    private async Task PutAsync(string key, Func<IReadOnlyDictionary<EntryKey, byte[]>, EntryChange[]> change)
    {
        var stored = (await _inner!.ReadAsync(key, 0, Cancel)).Session!;
        Assert.True((await _inner.WriteAsync(key, new SessionWrite(stored.Revision, stored.ExpiresAt, change(stored.Entries)), Cancel)).Committed);
    }

    /// <summary>Lets somebody else come first, at the first write.</summary>
    private sealed class RacingStore(ISessionStore inner, Func<Task> race) : ISessionStore
    {
        private bool _hasRaced;

        public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken) => inner.ReadAsync(key, knownRevision, cancellationToken);

        public async ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
        {
            if (!_hasRaced)
            {
                _hasRaced = true;
                await race();
            }
            return await inner.WriteAsync(key, write, cancellationToken);
        }

        public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);

        public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

        public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => inner.SweepAsync(cancellationToken);
    }
}
