using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Holdfast.Security;

/// <summary>What Data Protection does where the app did not say: keys in the session store, so that whoever has the sessions can read the cookies that
/// lead to them, and a name that a deploy into another folder does not change.</summary>
internal sealed class KeyRingDefaults(IServiceProvider services) : IPostConfigureOptions<KeyManagementOptions>, IPostConfigureOptions<DataProtectionOptions>
{
    public void PostConfigure(string? name, KeyManagementOptions options) => options.XmlRepository ??= services.GetService<StoreKeyRing>()?.Repository;

    /// <summary>ASP.NET Core's default discriminator is the content root path: keys are shared, and still a copy of the app in another folder
    /// cannot read its own cookies.</summary>
    public void PostConfigure(string? name, DataProtectionOptions options)
    {
        if (services.GetService<IHostEnvironment>() is { } environment && IsContentRoot(options.ApplicationDiscriminator, environment))
        {
            options.ApplicationDiscriminator = environment.ApplicationName;
        }
    }

    private static bool IsContentRoot(string? discriminator, IHostEnvironment environment) =>
        discriminator is not null && Path.TrimEndingDirectorySeparator(discriminator) == Path.TrimEndingDirectorySeparator(environment.ContentRootPath);
}
