using System.Reflection.Metadata;
using Holdfast.Http;
using Holdfast.Rendering;
using Holdfast.State;

[assembly: MetadataUpdateHandler(typeof(Holdfast.Hosting.HotReload))]

namespace Holdfast.Hosting;

/// <summary>
/// Forgets what reflection said of the app's code when a hot reload changes it. The runtime calls it before the renderers of mounted pages paint their
/// roots again, which they do by themselves. A member that becomes persistent is stored from the next mount on.
/// </summary>
internal static class HotReload
{
    internal static void ClearCache(Type[]? _)
    {
        PersistedView.ClearCache();
        PageRoute.ClearCache();
        HandlerIdentity.ClearCache();
        PageWriter.ClearCache();
    }
}
