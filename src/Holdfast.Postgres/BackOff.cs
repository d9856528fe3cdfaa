namespace Holdfast.Postgres;

/// <summary>Waits longer and longer between attempts, with chance in it, so that nodes which lost a server together do not come back together.</summary>
internal sealed class BackOff(TimeProvider clock)
{
    /// <summary>Chosen: a restart of the server takes about a second.</summary>
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(100);

    /// <summary>Chosen: what a user waits at most after the server is back.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(5);

    private TimeSpan _next = s_first;

    /// <summary>Waits between half of this attempt's time and all of it. Returns early, without an exception, when cancelled.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        var wait = _next * (0.5 + (Random.Shared.NextDouble() / 2));
        _next = _next * 2 < s_longest ? _next * 2 : s_longest;
        await Task.Delay(wait, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
