using System.Diagnostics;

namespace Holdfast.Tests.Support;

/// <summary>For what has no signal of its own: looks again until it is so, yielding in between.</summary>
internal static class Until
{
    public static async Task SoAsync(Func<bool> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(10))
            {
                throw new TimeoutException($"Waited 10 s in vain for: {expression}");
            }

            await Task.Yield();
            await Task.Delay(1);
        }
    }
}
