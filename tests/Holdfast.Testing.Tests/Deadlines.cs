namespace Holdfast.Testing.Tests;

/// <summary>When a test that waits gives up.</summary>
internal static class Deadlines
{
    /// <summary>10 s from now: far above what any wait here needs.</summary>
    public static CancellationToken Short
    {
        get
        {
            var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            source.CancelAfter(TimeSpan.FromSeconds(10));
            return source.Token;
        }
    }
}
