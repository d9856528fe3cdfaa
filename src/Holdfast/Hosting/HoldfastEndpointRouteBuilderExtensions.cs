using Holdfast;
using Holdfast.Http;
using Holdfast.Posts;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps Holdfast's pages.</summary>
public static class HoldfastEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps each view with <c>@page</c> in the assembly of the shell (and <see cref="HoldfastOptions.AdditionalAssemblies"/>) to an endpoint, and the socket and the script that
    /// they need. Attributes on a view, such as <c>[Authorize]</c>, are metadata of its endpoint.
    /// </summary>
    /// <typeparam name="TShell">The component with <c>&lt;html&gt;</c>, <c>&lt;head&gt;</c>, <c>&lt;BodyOutlet /&gt;</c> and <c>&lt;HoldfastScript /&gt;</c>.</typeparam>
    /// <param name="endpoints">The app.</param>
    /// <returns>Adds conventions to all of the pages' endpoints.</returns>
    /// <exception cref="InvalidOperationException"><c>AddHoldfast</c> was not called, there is no page, or a member cannot be persisted.</exception>
    public static IEndpointConventionBuilder MapHoldfast<TShell>(this IEndpointRouteBuilder endpoints)
        where TShell : IComponent
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var services = endpoints.ServiceProvider;
        var catalog = services.GetService<PageCatalog>()
            ?? throw new InvalidOperationException("MapHoldfast needs services that are not registered. AddHoldfast was not called. Add 'builder.Services.AddHoldfast();' before 'builder.Build()'.");
        var options = services.GetRequiredService<IOptions<HoldfastOptions>>().Value;
        catalog.Discover(typeof(TShell), [typeof(TShell).Assembly, .. options.AdditionalAssemblies]);

        services.GetRequiredService<PageAssets>().Endpoints = endpoints;
        var pages = endpoints.MapGroup("");
        var page = services.GetRequiredService<PageEndpoint>();
        var post = services.GetRequiredService<PostEndpoint>();
        foreach (var route in catalog.Routes)
        {
            MapPage(pages, route, [HttpMethods.Get, HttpMethods.Head], context => page.GetAsync(context, route))
                .Finally(endpoint => catalog.SetMetadata(route.PageType, new EndpointMetadataCollection(endpoint.Metadata)));
            MapPage(pages, route, [HttpMethods.Post], context => post.PostAsync(context, route)).WithMetadata(new PagePostMetadata());
        }

        if (options.WebSockets)
        {
            MapSocketAndScript(endpoints, services);
        }

        return pages;
    }

    private static IEndpointConventionBuilder MapPage(RouteGroupBuilder pages, PageRoute route, string[] methods, RequestDelegate handler) =>
        pages.MapMethods(route.Template, methods, handler)
            .WithDisplayName($"{route.Template} ({route.PageType.Name})")
            .WithMetadata([.. route.PageType.GetCustomAttributes(inherit: true).Where(attribute => attribute is not RouteAttribute)])
            .WithMetadata(new OutputCacheAttribute { NoStore = true });

    private static void MapSocketAndScript(IEndpointRouteBuilder endpoints, IServiceProvider services)
    {
        var socket = services.GetRequiredService<SocketEndpoint>();
        var pipeline = endpoints.CreateApplicationBuilder().UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero });
        pipeline.Run(socket.AcceptAsync);

        // Map, not MapGet: over HTTP/2 a WebSocket comes as CONNECT.
        endpoints.Map("/_holdfast", pipeline.Build()).WithDisplayName("Holdfast socket").WithMetadata(new OutputCacheAttribute { NoStore = true });
        var script = services.GetRequiredService<ScriptEndpoint>();
        endpoints.MapMethods("/_holdfast/holdfast.js", [HttpMethods.Get, HttpMethods.Head], script.GetAsync).WithDisplayName("Holdfast script");
    }
}
