using AngleSharp.Dom;

namespace Holdfast.Testing.Clients;

/// <summary>What a node of the live part is.</summary>
public enum LiveNodeKind
{
    /// <summary>An element.</summary>
    Element,

    /// <summary>A text, or the comment that stands for an empty one.</summary>
    Text,

    /// <summary>A component, from its opening comment to its closing one.</summary>
    Component,

    /// <summary>A markup block, from its opening comment to its closing one.</summary>
    Markup,
}

/// <summary>A node as the protocol counts them: one DOM node, or a run of siblings between two marker comments.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="First">Its first DOM node; the opening comment of a component or markup block.</param>
/// <param name="Last">Its last DOM node; the same as <paramref name="First"/> for elements and texts.</param>
public sealed record LiveNode(LiveNodeKind Kind, INode First, INode Last)
{
    private const string ImpliedAttribute = "data-hf-implied";

    /// <summary>The nodes of an element, in order; those of an implied <c>tbody</c> count as its table's.</summary>
    public static IReadOnlyList<LiveNode> Of(IElement element)
    {
        ArgumentNullException.ThrowIfNull(element);
        return Between(element.FirstChild, null);
    }

    /// <summary>The nodes from <paramref name="first"/> up to, and without, its sibling <paramref name="stop"/>.</summary>
    /// <exception cref="MalformedLiveHtmlException">A marker comment has no closing one among its siblings.</exception>
    public static IReadOnlyList<LiveNode> Between(INode? first, INode? stop)
    {
        var nodes = new List<LiveNode>();
        for (var node = first; node is not null && node != stop; node = node.NextSibling)
        {
            if (node is IElement element && element.HasAttribute(ImpliedAttribute))
            {
                nodes.AddRange(Of(element));
                continue;
            }

            if (From(node) is not { } live)
            {
                continue;
            }

            nodes.Add(live);
            node = live.Last;
        }

        return nodes;
    }

    /// <summary>The nodes in it: those of the element or component; none for texts and markup blocks.</summary>
    public IReadOnlyList<LiveNode> Nodes => Kind switch
    {
        LiveNodeKind.Element => Of((IElement)First),
        LiveNodeKind.Component => Between(First.NextSibling, Last),
        _ => [],
    };

    /// <summary>Its DOM nodes at the top level, markers included. A copy: they may be moved while it is walked.</summary>
    public IReadOnlyList<INode> DomNodes
    {
        get
        {
            var nodes = new List<INode> { First };
            while (nodes[^1] != Last)
            {
                nodes.Add(nodes[^1].NextSibling!);
            }

            return nodes;
        }
    }

    /// <summary>The text of a text node; empty for all other kinds.</summary>
    public string Text => First is IText text ? text.Data : "";

    private static LiveNode? From(INode node) => node switch
    {
        IElement => new LiveNode(LiveNodeKind.Element, node, node),
        IText => new LiveNode(LiveNodeKind.Text, node, node),
        IComment { Data: "e" } => new LiveNode(LiveNodeKind.Text, node, node),
        IComment { Data: "c" } => new LiveNode(LiveNodeKind.Component, node, EndOf(node)),
        IComment { Data: "m" } => new LiveNode(LiveNodeKind.Markup, node, EndOf(node)),
        _ => null,
    };

    /// <summary>The comment that closes the marker <paramref name="start"/>. Nothing nests in a markup block.</summary>
    internal static INode EndOf(INode start)
    {
        var name = ((IComment)start).Data;
        for (var node = start.NextSibling; node is not null; node = node.NextSibling)
        {
            switch (node)
            {
                case IComment comment when comment.Data == "/" + name:
                    return comment;
                case IComment { Data: "c" or "m" } inner when name != "m":
                    node = EndOf(inner);
                    break;
            }
        }

        throw new MalformedLiveHtmlException(
            $"The comment '<!--{name}-->' has no '<!--/{name}-->' among its siblings in '{start.ParentElement?.LocalName}'. "
            + "Patches count nodes between the two, so both must have one parent. "
            + "Write them in the same element (an implied 'tbody' included).");
    }
}
