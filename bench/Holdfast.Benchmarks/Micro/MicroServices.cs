using Holdfast.Stores;
using Microsoft.AspNetCore.DataProtection;

namespace Holdfast.Benchmarks.Micro;

/// <summary>An app's services, without a server.</summary>
internal static class MicroServices
{
    public static WebApplication Build(ISessionStore? store = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddSingleton(store ?? new MemorySessionStore());
        builder.Services.AddHoldfast();
        return builder.Build();
    }
}
