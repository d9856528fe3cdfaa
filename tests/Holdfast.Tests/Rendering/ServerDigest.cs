#pragma warning disable BL0006 // Renders what a vector's HTML stands for.
using AngleSharp.Dom;
using Holdfast.Rendering;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.RenderTree;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Tests.Rendering;

/// <summary>The digest that the library's own writer makes of a render tree with the nodes of some HTML.</summary>
internal static class ServerDigest
{
    /// <returns>Null when the HTML holds what no render tree makes.</returns>
    public static async Task<string?> OfAsync(string html)
    {
        IReadOnlyList<LiveNode> nodes;
        try
        {
            nodes = LiveDocument.Of(html).Nodes;
        }
        catch (MalformedLiveHtmlException)
        {
            return null;
        }

        await using var services = new ServiceCollection().BuildServiceProvider();
        var dispatcher = new LiveDispatcher();
        await using var renderer = new LiveRenderer(services, NullLoggerFactory.Instance, dispatcher, new Host(nodes), isInteractive: true);
        Pending = nodes;
        return await dispatcher.Inner.InvokeAsync(async () =>
        {
            await renderer.RenderRootAsync(typeof(Tree));
            renderer.IndexPage(renderer.RootId, 0, rebind: false);
            using var writer = new PageWriter(renderer, html: null, withDigest: true);
            writer.WriteContent(renderer.RootId);
            return writer.Digest;
        });
    }

    [ThreadStatic]
    private static IReadOnlyList<LiveNode>? Pending;

    private static void Build(RenderTreeBuilder builder, IReadOnlyList<LiveNode> nodes)
    {
        foreach (var node in nodes)
        {
            switch (node.Kind)
            {
                case LiveNodeKind.Text:
                    builder.AddContent(0, node.Text);
                    break;
                case LiveNodeKind.Markup:
                    builder.AddMarkupContent(1, string.Concat(node.DomNodes.Skip(1).SkipLast(1).Select(one => one is IElement element ? element.OuterHtml : System.Net.WebUtility.HtmlEncode(one.TextContent))));
                    break;
                case LiveNodeKind.Component:
                    builder.OpenComponent<Part>(2);
                    builder.AddComponentParameter(3, "Nodes", node.Nodes);
                    builder.CloseComponent();
                    break;
                default:
                    BuildElement(builder, (IElement)node.First, node.Nodes);
                    break;
            }
        }
    }

    private static void BuildElement(RenderTreeBuilder builder, IElement element, IReadOnlyList<LiveNode> nodes)
    {
        builder.OpenElement(4, element.LocalName);
        foreach (var attribute in element.Attributes)
        {
            builder.AddAttribute(5, attribute.Name, attribute.Value);
        }

        if (element.LocalName is "textarea" or "title" or "style" or "script")
        {
            builder.AddContent(6, element.TextContent);
        }
        else
        {
            Build(builder, nodes);
        }

        builder.CloseElement();
    }

    private sealed class Tree : ComponentBase
    {
        protected override void BuildRenderTree(RenderTreeBuilder builder) => Build(builder, Pending!);
    }

    private sealed class Part : ComponentBase
    {
        [Parameter]
        public IReadOnlyList<LiveNode> Nodes { get; set; } = [];

        protected override void BuildRenderTree(RenderTreeBuilder builder) => Build(builder, Nodes);
    }

    private sealed class Host(IReadOnlyList<LiveNode> nodes) : IRenderHost
    {
        public IReadOnlyList<LiveNode> Nodes => nodes;

        public Type PageType => typeof(Tree);

        public void OnRendered(in RenderBatch batch)
        {
        }

        public void OnUnhandled(Exception exception) => throw new InvalidOperationException("The tree cannot be rendered.", exception);

        public ViewLink CreateLink(ViewSlot slot, LiveView view) => throw new NotSupportedException();

        public void OnViewFailed(ViewSlot slot, Exception exception) => throw new NotSupportedException();
    }
}
