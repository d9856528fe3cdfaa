using Holdfast.Benchmarks.Server.Static;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Holdfast.Benchmarks.Server;

/// <summary>The peer of a first paint: the same table, rendered statically by Blazor.</summary>
internal static class BlazorServer
{
    public static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port, listen => listen.Protocols = HttpProtocols.Http1));
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddRazorComponents();
        var app = builder.Build();
        app.UseAntiforgery();
        app.MapGet("/figures", (bool? collect) => ServerFigures.Take(collect ?? false));
        app.MapRazorComponents<StaticShell>();
        await app.RunAsync();
    }
}
