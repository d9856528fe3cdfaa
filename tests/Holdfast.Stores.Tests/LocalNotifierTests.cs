using Holdfast.Testing.Stores;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>The notifier of one process, and when an app gets it.</summary>
public sealed class LocalNotifierTests : SessionNotifierConformance
{
    private readonly LocalNotifier _shared = new();

    protected override bool HasServer => false;

    protected override ValueTask<ISessionNotifier> OpenNotifierAsync() => ValueTask.FromResult<ISessionNotifier>(_shared);

    [Fact]
    public async Task A_slow_subscriber_holds_up_neither_the_sender_nor_others()
    {
        using var release = new ManualResetEventSlim();
        var slow = new Subscriber(_ => release.Wait(Cancel));
        var seen = new TaskCompletionSource();
        await using var first = await Notifier.SubscribeAsync(slow, Cancel);
        await using var second = await Notifier.SubscribeAsync(new Subscriber(notice =>
        {
            if (notice.Span[0] == 2)
            {
                seen.SetResult();
            }
        }), Cancel);

        await Notifier.PublishAsync(new byte[] { 1 }, Cancel);
        await Notifier.PublishAsync(new byte[] { 2 }, Cancel);

        await seen.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
        release.Set();
    }

    [Fact]
    public async Task When_a_subscription_is_disposed_no_call_of_it_runs_any_more()
    {
        using var release = new ManualResetEventSlim();
        var entered = new TaskCompletionSource();
        var isRunning = false;
        var subscription = await Notifier.SubscribeAsync(new Subscriber(_ =>
        {
            Volatile.Write(ref isRunning, true);
            entered.SetResult();
            release.Wait(Cancel);
            Volatile.Write(ref isRunning, false);
        }), Cancel);
        await Notifier.PublishAsync(new byte[1], Cancel);
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancel);

        var disposing = subscription.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        release.Set();
        await disposing;

        Assert.False(Volatile.Read(ref isRunning));
    }

    [Fact]
    public void It_is_an_apps_notifier_where_the_store_brings_none()
    {
        Assert.IsType<LocalNotifier>(NotifierOf(services => services.AddHoldfast()));
        Assert.IsType<LocalNotifier>(NotifierOf(services => new HoldfastBuilder(services).UseStore(_ => new MemorySessionStore())));
        var stores = new LocalNotifier();
        Assert.Same(stores, NotifierOf(services => services.AddHoldfast().UseStore(_ => new MemorySessionStore(), notifier: _ => stores)));
        Assert.IsType<LocalNotifier>(NotifierOf(services => services.AddHoldfast()
            .UseStore(_ => new MemorySessionStore(), notifier: _ => throw new InvalidOperationException("It was replaced."))
            .UseStore(_ => new MemorySessionStore())));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_that_the_app_names_wins_over_the_stores_before_it_and_after(bool isFirst)
    {
        var own = new LocalNotifier();

        Assert.Same(own, NotifierOf(services =>
        {
            if (isFirst)
            {
                services.AddSingleton<ISessionNotifier>(own);
            }
            services.AddHoldfast().UseStore(_ => new MemorySessionStore(), notifier: _ => new LocalNotifier());
            if (!isFirst)
            {
                services.AddSingleton<ISessionNotifier>(own);
            }
        }));
    }

    private static ISessionNotifier NotifierOf(Action<IServiceCollection> configure)
    {
        var services = new ServiceCollection();
        configure(services);
        return services.BuildServiceProvider().GetRequiredService<ISessionNotifier>();
    }

    private sealed class Subscriber(Action<ReadOnlyMemory<byte>> take) : INoticeSubscriber
    {
        public void OnNotice(ReadOnlyMemory<byte> notice) => take(notice);

        public void OnGap() => throw new InvalidOperationException("Within a process nothing is lost.");
    }
}
