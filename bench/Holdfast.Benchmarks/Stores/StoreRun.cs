using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Holdfast.Benchmarks.Load;

namespace Holdfast.Benchmarks.Stores;

/// <summary>Runs a store and its peers in one fresh process on a core of its own; the server that they write to has the other.</summary>
internal sealed class StoreRun(StoreScenario scenario, LoadOptions options)
{
    public async Task<StoreFigures> RunAsync()
    {
        await using var place = await scenario.StartAsync();
        var start = new ProcessStartInfo("taskset")
        {
            ArgumentList =
            {
                "-c", $"{options.ServerCore}", "dotnet", typeof(StoreRun).Assembly.Location, "stores", scenario.Store, place.Address,
                $"{options.StoreRounds}", (options.StoreTurn * scenario.TurnLength).TotalSeconds.ToString(CultureInfo.InvariantCulture),
            },
            Environment =
            {
                ["DOTNET_gcServer"] = "0",
                // As for the server: compiled for good at once.
                ["DOTNET_TC_CallCountingDelayMs"] = "0",
                ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = null,
            },
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var figures = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<StoreFigures>(figures)!
            : throw new InvalidOperationException($"The process that measures '{scenario.Name}' ended with code {process.ExitCode}. A run counts only what was done. Its error is above.");
    }
}
