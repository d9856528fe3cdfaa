using System.Diagnostics;
using System.Runtime;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Holdfast.Benchmarks.Server;

/// <summary>The measured process: the pages, the bare echo beside them on the same Kestrel, and an endpoint that tells what the process used.</summary>
internal static class BenchServer
{
    public static async Task RunAsync(string store, int port)
    {
        if (store == "blazor")
        {
            await BlazorServer.RunAsync(port);
            return;
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port, listen => listen.Protocols = HttpProtocols.Http1));
        var holdfast = builder.Services.AddHoldfast();
        if (store != "sqlite")
        {
            builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        }
        else
        {
            holdfast.UseSqlite(Path.Combine(Path.GetTempPath(), $"holdfast-bench-{port}.db")); // Deleted by who started the process.
        }

        var app = builder.Build();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero });
        app.Map("/echo", Echo.ServeAsync);
        app.MapGet("/figures", (bool? collect) => ServerFigures.Take(collect ?? false));
        BareRow.Map(app, Path.Combine(Path.GetTempPath(), $"holdfast-bench-{port}.db-bare"));
        app.MapHoldfast<Shell>();
        await app.RunAsync();
    }
}

/// <summary>What the server process used since it began.</summary>
internal sealed record ServerFigures(double CpuMicroseconds, long AllocatedBytes, long HeapBytes, long ResidentBytes, int CompiledMethods)
{
    public static ServerFigures Take(bool collect)
    {
        if (collect)
        {
            for (var i = 0; i < 3; i++)
            {
                GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                GC.WaitForPendingFinalizers();
            }
        }

        using var process = Process.GetCurrentProcess();
        return new ServerFigures(
            process.TotalProcessorTime.TotalMicroseconds,
            GC.GetTotalAllocatedBytes(precise: true),
            GC.GetTotalMemory(forceFullCollection: false),
            process.WorkingSet64,
            (int)JitInfo.GetCompiledMethodCount());
    }
}
