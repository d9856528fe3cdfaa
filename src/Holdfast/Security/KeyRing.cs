using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Holdfast.Security;

/// <summary>Where the app's Data Protection keys are, as far as can be seen from outside. Asked when the host starts.</summary>
internal sealed class KeyRing(IServiceProvider services)
{
    private readonly KeyManagementOptions _options = services.GetRequiredService<IOptions<KeyManagementOptions>>().Value;

    /// <summary>Whether the keys end with the process: the app said so, or ASP.NET Core finds no place for them.</summary>
    public bool IsEphemeral =>
        IsInMemory || (_options.XmlRepository is null && services.GetService<IKeyManager>() is XmlKeyManager && !HasDefaultPlace);

    /// <summary>Whether the session store keeps the keys as they are, so that whoever has the store has them too.</summary>
    public bool LiesOpenInStore =>
        !IsInMemory && _options is { XmlRepository: { } repository, XmlEncryptor: null } && ReferenceEquals(repository, services.GetService<StoreKeyRing>()?.Repository);

    private bool IsInMemory => services.GetService<IDataProtectionProvider>() is EphemeralDataProtectionProvider;

    /// <summary>Where ASP.NET Core keeps keys when nobody said where: a directory of the user's, else on Windows the registry.</summary>
    private static bool HasDefaultPlace =>
        FileSystemXmlRepository.DefaultKeyStorageDirectory is not null || (OperatingSystem.IsWindows() && RegistryXmlRepository.DefaultRegistryKey is not null);
}
