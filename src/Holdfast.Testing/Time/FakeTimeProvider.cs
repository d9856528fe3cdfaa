namespace Holdfast.Testing.Time;

/// <summary>A clock that stands still until a test moves it. Timers, and so <c>Task.Delay(…, clock)</c>, run by it.</summary>
/// <remarks>
/// <para>Every member may be called from any thread. A timer's callback runs on the thread that makes it due, before that
/// call returns: in <see cref="Advance"/>, or in the call that creates or changes a timer with a due time of zero. (What
/// awaits a <c>Task.Delay</c> may still be continued on another thread: await a signal of it.)</para>
/// <para>A callback that throws ends the <see cref="Advance"/> with its exception; the clock stands at its due time.</para>
/// </remarks>
/// <param name="start">What the clock shows first.</param>
public sealed class FakeTimeProvider(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<FakeTimer> _timers = [];
    private readonly List<(int Count, TaskCompletionSource Signal)> _waiters = [];
    private readonly DateTimeOffset _start = start;
    private DateTimeOffset _now = start;
    private long _changes;

    /// <summary>A clock at a fixed moment: noon, UTC, on 1 January 2030.</summary>
    public FakeTimeProvider() : this(new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero))
    {
    }

    /// <summary>How many timers wait to become due.</summary>
    public int WaitingTimers
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count;
            }
        }
    }

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => (GetUtcNow() - _start).Ticks;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Moves the clock on and runs each timer that becomes due on the way: in the order of their due times, with the clock
    /// standing at that time. Timers that callbacks start meanwhile count too.
    /// </summary>
    /// <param name="by">Zero or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by"/> is negative.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        RunUntil(GetUtcNow() + by);
    }

    /// <summary>Waits until so many timers wait to become due: then the code under test has begun its delay, and
    /// <see cref="Advance"/> will not come too early for it.</summary>
    /// <param name="count">At least this many.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task WaitForTimersAsync(int count, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_timers.Count >= count)
            {
                return Task.CompletedTask;
            }
            var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((count, signal));
            return signal.Task.WaitAsync(cancellationToken);
        }
    }

    private void RunUntil(DateTimeOffset end)
    {
        while (TakeDue(end) is { } due)
        {
            due.Run();
        }
    }

    /// <summary>Moves the clock to the next timer that is due by <paramref name="end"/>, else to the end.</summary>
    private FakeTimer? TakeDue(DateTimeOffset end)
    {
        lock (_gate)
        {
            FakeTimer? next = null;
            foreach (var timer in _timers)
            {
                if (timer.Due <= end && (next is null || timer.IsBefore(next)))
                {
                    next = timer;
                }
            }
            var reached = next?.Due ?? end;
            if (reached > _now)
            {
                _now = reached;
            }
            if (next is not null)
            {
                Schedule(next, next.Period);
            }
            return next;
        }
    }

    private void Change(FakeTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        lock (_gate)
        {
            timer.Period = period > TimeSpan.Zero ? period : Timeout.InfiniteTimeSpan;
            Schedule(timer, dueTime);
        }
        if (dueTime == TimeSpan.Zero)
        {
            RunUntil(GetUtcNow());
        }
    }

    /// <summary>Needs the gate.</summary>
    private void Schedule(FakeTimer timer, TimeSpan dueTime)
    {
        _timers.Remove(timer);
        if (dueTime == Timeout.InfiniteTimeSpan)
        {
            return;
        }
        timer.Due = _now + dueTime;
        timer.Order = ++_changes;
        _timers.Add(timer);
        for (var i = _waiters.Count - 1; i >= 0; i--)
        {
            if (_timers.Count >= _waiters[i].Count)
            {
                _waiters[i].Signal.TrySetResult();
                _waiters.RemoveAt(i);
            }
        }
    }

    private bool Stop(FakeTimer timer)
    {
        lock (_gate)
        {
            return _timers.Remove(timer);
        }
    }

    /// <summary>Owns one callback. Its times belong to the clock and are touched only with the clock's gate held.</summary>
    private sealed class FakeTimer(FakeTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private volatile bool _disposed;

        public DateTimeOffset Due { get; set; }

        public TimeSpan Period { get; set; }

        public long Order { get; set; }

        public bool IsBefore(FakeTimer other) => Due < other.Due || (Due == other.Due && Order < other.Order);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_disposed)
            {
                return false;
            }
            clock.Change(this, dueTime, period);
            return true;
        }

        public void Run()
        {
            if (_disposed)
            {
                return;
            }
            if (_context is null)
            {
                callback(state);
            }
            else
            {
                ExecutionContext.Run(_context, s => callback(s), state);
            }
        }

        public void Dispose()
        {
            _disposed = true;
            clock.Stop(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
