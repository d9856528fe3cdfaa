using Holdfast.Testing.Time;
using Xunit;

namespace Holdfast.Stores.Tests;

public sealed class FakeTimeProviderTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly List<string> _fired = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void It_stands_still_until_it_is_moved()
    {
        var (now, stamp) = (_clock.GetUtcNow(), _clock.GetTimestamp());
        Assert.Equal(now, _clock.GetUtcNow());

        _clock.Advance(TimeSpan.FromSeconds(90));

        Assert.Equal(now.AddSeconds(90), _clock.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(90), _clock.GetElapsedTime(stamp));
    }

    [Fact]
    public void Timers_fire_in_the_order_of_their_due_times_with_the_clock_at_that_time()
    {
        var start = _clock.GetUtcNow();
        using var later = Timer("later", 3);
        using var sooner = Timer("sooner", 1);
        using var periodic = Timer("tick", 1, 2);

        _clock.Advance(TimeSpan.FromSeconds(4));

        Assert.Equal(["sooner 1", "tick 1", "later 3", "tick 3"], _fired);
        Assert.Equal(start.AddSeconds(4), _clock.GetUtcNow());
        Assert.Equal(1, _clock.WaitingTimers);
    }

    [Fact]
    public void A_timer_that_was_stopped_or_moved_does_not_fire_at_its_old_time()
    {
        var stopped = Timer("stopped", 1);
        stopped.Dispose();
        Assert.False(stopped.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan));
        using var moved = Timer("moved", 1);
        moved.Change(TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        using var paused = Timer("paused", 1);
        paused.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Empty(_fired);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["moved 5"], _fired);
    }

    [Fact]
    public void A_timer_that_is_due_at_once_fires_in_the_call_that_makes_it()
    {
        using var timer = Timer("now", 0);

        Assert.Equal(["now 0"], _fired);
        Assert.Equal(0, _clock.WaitingTimers);
    }

    [Fact]
    public async Task A_delay_ends_when_the_clock_reaches_its_time()
    {
        var delay = Task.Delay(TimeSpan.FromMinutes(5), _clock, Cancel);
        await _clock.WaitForTimersAsync(1, Cancel);

        _clock.Advance(TimeSpan.FromMinutes(4));
        Assert.False(delay.IsCompleted);
        _clock.Advance(TimeSpan.FromMinutes(1));
        await delay;
    }

    [Fact]
    public async Task A_loop_of_delays_is_seen_at_each_of_its_waits()
    {
        var rounds = 0;
        var loop = Task.Run(
            async () =>
            {
                for (; rounds < 3; rounds++)
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), _clock, Cancel);
                }
            },
            Cancel);
        for (var i = 0; i < 3; i++)
        {
            await _clock.WaitForTimersAsync(1, Cancel);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
        await loop;
        Assert.Equal(3, rounds);
    }

    [Fact]
    public async Task A_timeout_by_the_clock_cancels()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10), _clock);
        var waiting = Task.Delay(Timeout.InfiniteTimeSpan, _clock, timeout.Token);

        _clock.Advance(TimeSpan.FromSeconds(10));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private ITimer Timer(string name, int due, int? period = null)
    {
        var start = _clock.GetUtcNow();
        return _clock.CreateTimer(
            _ => _fired.Add($"{name} {(_clock.GetUtcNow() - start).TotalSeconds}"),
            null,
            TimeSpan.FromSeconds(due),
            period is { } seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan);
    }
}
