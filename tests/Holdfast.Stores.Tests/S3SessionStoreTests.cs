using Holdfast.S3;
using Holdfast.Testing.Stores;
using Holdfast.Testing.Time;
using Xunit;

namespace Holdfast.Stores.Tests;

[Collection(S3Collection.Name)]
public sealed class S3SessionStoreTests(S3Fixture s3) : DurableSessionStoreConformance
{
    private readonly string _prefix = S3Fixture.NewPrefix();

    protected override int RaceIncrements => 10;

    protected override async ValueTask<ISessionStore> OpenStoreAsync(FakeTimeProvider clock)
    {
        var store = new S3SessionStore(s3.Options(_prefix), clock: clock);
        await store.OpenAsync(Cancel);
        return store;
    }
}
