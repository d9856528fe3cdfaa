namespace Holdfast.Testing.Tests;

/// <summary>When a test that waits gives up.</summary>
internal static class Deadlines
{
    /// <summary>10 s from now: far above what any wait here needs.</summary>
    public static CancellationToken Short => In(TimeSpan.FromSeconds(10));

    /// <summary>40 s from now: a process is started on a busy machine.</summary>
    public static CancellationToken Long => In(TimeSpan.FromSeconds(40));

    private static CancellationToken In(TimeSpan time)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        source.CancelAfter(time);
        return source.Token;
    }
}
