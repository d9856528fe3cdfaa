using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.AspNetCore.StaticAssets.Infrastructure;

namespace Holdfast.Http;

/// <summary>What <c>@Assets["app.css"]</c> finds: the fingerprinted addresses of the app's static files, where it called <c>MapStaticAssets</c>. Thread-safe.</summary>
internal sealed class PageAssets
{
    private readonly Lazy<ResourceAssetCollection> _collection;

    public PageAssets() => _collection = new Lazy<ResourceAssetCollection>(Find);

    /// <summary>The app's endpoints, once it is mapped.</summary>
    public IEndpointRouteBuilder? Endpoints { get; set; }

    /// <summary>Found when a page first asks, so that MapStaticAssets may be called after MapHoldfast.</summary>
    public ResourceAssetCollection Collection => _collection.Value;

    private ResourceAssetCollection Find()
    {
        if (Endpoints is null || !StaticAssetsEndpointDataSourceHelper.HasStaticAssetsDataSource(Endpoints, null))
        {
            return ResourceAssetCollection.Empty;
        }

        // A file has an endpoint for each of its encodings as well; the plain one says what it is called.
        var files = StaticAssetsEndpointDataSourceHelper.ResolveStaticAssetDescriptors(Endpoints, null).Where(file => file.Selectors.Count == 0);
        return new ResourceAssetCollection([.. files.Select(AssetOf)]);
    }

    private static ResourceAsset AssetOf(StaticAssetDescriptor file) =>
        new(file.Route, [.. file.Properties.Select(property => new ResourceAssetProperty(property.Name, property.Value))]);
}
