using Holdfast.Sqlite;
using Holdfast.Testing.Stores;
using Holdfast.Testing.Time;

namespace Holdfast.Stores.Tests;

public sealed class SqliteSessionStoreTests : DurableSessionStoreConformance
{
    private readonly TemporaryDirectory _directory = new();

    protected override int RaceIncrements => 200;

    protected override ValueTask<ISessionStore> OpenStoreAsync(FakeTimeProvider clock) =>
        ValueTask.FromResult<ISessionStore>(
            new SqliteSessionStore(new SqliteStoreOptions { Path = _directory.File("holdfast.db") }, clock));

    protected override ValueTask CleanUpAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }
}
