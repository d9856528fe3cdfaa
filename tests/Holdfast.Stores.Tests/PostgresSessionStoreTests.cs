using Holdfast.Postgres;
using Holdfast.Testing.Stores;
using Holdfast.Testing.Time;

namespace Holdfast.Stores.Tests;

public sealed class PostgresSessionStoreTests(PostgresFixture postgres) : DurableSessionStoreConformance
{
    private readonly string _schema = postgres.NewSchema();

    protected override int HistorySteps => 700;

    protected override int RaceIncrements => 50;

    protected override async ValueTask<ISessionStore> OpenStoreAsync(FakeTimeProvider clock)
    {
        var store = new PostgresSessionStore(await postgres.OptionsAsync(_schema), clock);
        await store.OpenAsync(Cancel);
        return store;
    }
}
