using Holdfast.Stores;
using Holdfast.Testing.Faults;

namespace Holdfast.Testing.Tests.Faults;

public sealed class FaultyStoreTests
{
    private static readonly EntryKey Count = new("/counter", EntryKind.Member, "Count");
    private readonly TinyStore _inner = new();
    private readonly FaultyStore _store;

    public FaultyStoreTests() => _store = new FaultyStore(_inner);

    private static CancellationToken Deadline => Deadlines.Short;

    [Fact]
    public async Task Without_faults_it_passes_on_and_counts()
    {
        var written = await WriteAsync(0, 1);

        (await ReadAsync())!.Revision.ShouldBe(written.Revision);
        (await _store.ReadAsync("s", written.Revision, Deadline)).Status.ShouldBe(SessionReadStatus.Unchanged);
        (await WriteAsync(0, 2)).Committed.ShouldBeFalse();
        (_store.Reads, _store.Writes, _store.Conflicts, _store.BytesRead, _store.BytesWritten).ShouldBe((2, 2, 1, 1, 2));
    }

    [Fact]
    public async Task A_failed_read_fails_as_often_as_asked()
    {
        _store.FailReads(1);

        await Should.ThrowAsync<StoreFaultException>(ReadAsync);
        (await ReadAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task A_write_that_fails_before_wrote_nothing_and_one_that_fails_after_wrote_all()
    {
        _store.FailWrites(WriteFault.BeforeItWasApplied);
        _store.FailWrites(WriteFault.AfterItWasApplied);

        await Should.ThrowAsync<StoreFaultException>(() => WriteAsync(0, 1));
        _inner.Sessions.ShouldBeEmpty();
        await Should.ThrowAsync<StoreFaultException>(() => WriteAsync(0, 1));
        _inner.Sessions.ShouldContainKey("s");
        (await WriteAsync(0, 1)).Committed.ShouldBeFalse();
    }

    [Fact]
    public async Task A_held_write_is_applied_when_released()
    {
        _store.HoldWrites();

        var write = WriteAsync(0, 1);
        _inner.Sessions.ShouldBeEmpty();
        write.IsCompleted.ShouldBeFalse();
        _store.ReleaseWrites();

        (await write).Committed.ShouldBeTrue();
    }

    [Fact]
    public async Task One_sessions_writes_can_be_held_alone()
    {
        _store.HoldWrites("s");

        var held = WriteAsync(0, 1);
        (await _store.WriteAsync("other", new SessionWrite(0, DateTimeOffset.MaxValue, []), Deadline)).Committed.ShouldBeTrue();
        held.IsCompleted.ShouldBeFalse();
        _store.ReleaseWrites("s");

        (await held).Committed.ShouldBeTrue();
    }

    [Fact]
    public async Task Corrupted_bytes_are_only_in_what_is_read()
    {
        await WriteAsync(0, 1);
        _store.CorruptReads();

        (await ReadAsync())!.Entries[Count].ShouldBe([(byte)254]);
        (await ReadAsync())!.Entries[Count].ShouldBe([(byte)1]);
    }

    [Fact]
    public async Task What_was_acknowledged_early_is_read_back_and_lost_at_a_crash()
    {
        _store.AcknowledgesEarly = true;
        var first = await WriteAsync(0, 1);
        await _store.FlushAsync(Deadline);
        (await WriteAsync(first.Revision, 2)).Committed.ShouldBeTrue();
        (await ReadAsync())!.Entries[Count].ShouldBe([(byte)2]);

        _store.Crash().ShouldBe(1);

        var survived = await ReadAsync();
        survived!.Entries[Count].ShouldBe([(byte)1]);
        survived.Revision.ShouldBe(first.Revision);
        (await WriteAsync(first.Revision, 3)).Committed.ShouldBeTrue();
    }

    [Fact]
    public async Task Healing_ends_all_faults()
    {
        _store.FailReads();
        _store.FailWrites(WriteFault.BeforeItWasApplied, 9);

        _store.Heal();

        (await WriteAsync(0, 1)).Committed.ShouldBeTrue();
        (await ReadAsync()).ShouldNotBeNull();
    }

    private async Task<StoredSession?> ReadAsync() => (await _store.ReadAsync("s", 0, Deadline)).Session;

    private async Task<SessionWriteResult> WriteAsync(long expected, byte value) => await _store.WriteAsync(
        "s", new SessionWrite(expected, DateTimeOffset.MaxValue, [new EntryChange(Count, [value])]), Deadline);
}
