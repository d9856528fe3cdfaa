using Holdfast.Postgres;
using Holdfast.Testing.Stores;
using Holdfast.Testing.Time;

namespace Holdfast.Stores.Tests;

public sealed class PostgresSessionStoreTests(PostgresFixture postgres) : DurableSessionStoreConformance
{
    private readonly string _schema = postgres.NewSchema();

    protected override int HistorySteps => 400;

    protected override int RaceIncrements => 50;

    protected override async ValueTask<ISessionStore> OpenStoreAsync(FakeTimeProvider clock)
    {
        var options = await postgres.OptionsAsync();
        options.Schema = _schema;
        var store = new PostgresSessionStore(options, clock);
        await store.OpenAsync(Cancel);
        return store;
    }

    protected override async ValueTask CleanUpAsync() => await postgres.DropAsync(_schema);
}
