using System.Diagnostics;

namespace Holdfast.Tests.Support;

/// <summary>For what has no signal of its own: looks again until it is so, yielding in between.</summary>
internal static class Until
{
    public static Task SoAsync(Func<bool> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string expression = "") =>
        SoAsync(condition, TimeSpan.FromSeconds(10), expression);

    public static async Task SoAsync(Func<bool> condition, TimeSpan limit, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
            {
                throw new TimeoutException($"Waited {limit.TotalSeconds} s in vain for: {expression}");
            }

            await Task.Yield();
            await Task.Delay(1);
        }
    }
}
