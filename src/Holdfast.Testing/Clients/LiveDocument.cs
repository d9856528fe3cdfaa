using System.Text.Json;
using AngleSharp;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace Holdfast.Testing.Clients;

/// <summary>
/// A page as the script in it sees it: the DOM, the live part between the two markers, its component numbers, and the
/// live values of its controls.
/// </summary>
/// <remarks>A second implementation of the protocol's page, written from the specification alone. Not for use by two
/// threads at a time.</remarks>
public sealed class LiveDocument
{
    private static readonly HtmlParser Parser = new(new HtmlParserOptions { IsScripting = true });

    private readonly IComment _start;
    private readonly Dictionary<int, INode> _components = [];
    private int _nextComponent;

    private LiveDocument(IHtmlDocument document)
    {
        Document = document;
        _start = Comments(document).FirstOrDefault(comment => comment.Data == "holdfast")
            ?? throw new MalformedLiveHtmlException(
                $"The page has no '<!--holdfast-->' comment (its title is '{document.Title}'). The live part begins there. "
                + "Check that the address is a live view's and that the shell contains '<BodyOutlet />'.");
        UndoPostAttributes();
        Controls = new LiveControls(this);
        Renumber();
    }

    /// <summary>The whole document. Change it only to play somebody who alters the page.</summary>
    public IHtmlDocument Document { get; }

    /// <summary>The live values of the controls, the focus, and what was touched.</summary>
    public LiveControls Controls { get; }

    /// <summary>The ticket that the page came with; <see langword="null"/> without <c>script#holdfast</c>.</summary>
    public string? Ticket => Document.QuerySelector("script#holdfast")?.GetAttribute("data-ticket");

    /// <summary>The address of the socket that the page names.</summary>
    public string? Socket => Document.QuerySelector("script#holdfast")?.GetAttribute("data-socket");

    /// <summary>The live part's nodes.</summary>
    public IReadOnlyList<LiveNode> Nodes => LiveNode.Between(_start.NextSibling, End);

    /// <summary>The live part as HTML, marker comments included.</summary>
    public string Html => string.Concat(Between(_start, End).Select(node => node.ToHtml()));

    /// <summary>The digest of the live part.</summary>
    public string Digest => Clients.Digest.Of(Nodes);

    /// <summary>The numbers of the components in the page, 0 (the page itself) included.</summary>
    public IReadOnlyCollection<int> ComponentNumbers => _components.Keys;

    /// <summary>What the page has in the document's head, as HTML; <see langword="null"/> when its shell has no outlet for it.</summary>
    public string? Head => HeadStart is { } start ? string.Concat(Between(start, EndOf(start)).Select(node => node.ToHtml())) : null;

    private IComment? HeadStart => Comments(Document).FirstOrDefault(comment => comment.Data == "holdfast-head");

    private INode End => EndOf(_start);

    private static INode EndOf(IComment start)
    {
        for (var node = start.NextSibling; node is not null; node = node.NextSibling)
        {
            if (node is IComment comment && comment.Data == "/" + start.Data)
            {
                return node;
            }
        }

        throw new MalformedLiveHtmlException(
            $"The page has no '<!--/{start.Data}-->' beside its '<!--{start.Data}-->'. That part of the page ends there. "
            + "Write both in the same element.");
    }

    /// <summary>Reads a whole page.</summary>
    /// <exception cref="MalformedLiveHtmlException">It has no live part.</exception>
    public static LiveDocument Parse(string pageHtml) => new(Parser.ParseDocument(pageHtml));

    /// <summary>A page that holds nothing but this live part.</summary>
    public static LiveDocument Of(string liveHtml) =>
        Parse($"<!DOCTYPE html><html><head></head><body><!--holdfast-->{liveHtml}<!--/holdfast--></body></html>");

    /// <summary>The first element of the live part that matches, or <see langword="null"/>.</summary>
    public IElement? Find(string selector) => FindAll(selector).FirstOrDefault();

    /// <summary>All elements of the live part that match, in document order.</summary>
    public IReadOnlyList<IElement> FindAll(string selector) =>
        [.. Document.QuerySelectorAll(selector).Where(IsLive)];

    /// <summary>The one element of the live part that matches.</summary>
    /// <exception cref="InvalidOperationException">None matches; the message shows the page.</exception>
    public IElement Get(string selector) => Find(selector) ?? throw new InvalidOperationException(
        $"No element matches '{selector}' in the live part. The page shows: {Html}");

    /// <summary>The text of the first element that matches.</summary>
    public string Text(string selector) => Get(selector).TextContent;

    /// <summary>Makes the live part equal to this HTML, keeps what agrees, and numbers the components anew.</summary>
    public void Adopt(string html)
    {
        var parent = _start.Parent!;
        Adoption.Morph(parent, Between(_start, End), ParseFragment(html, parent), End);
        Renumber();
        Controls.ForgetRemoved();
    }

    /// <summary>Makes what the page has in the document's head equal to this HTML; nothing where its shell has no outlet for it.</summary>
    public void AdoptHead(string html)
    {
        if (HeadStart is { Parent: { } parent } start)
        {
            Adoption.Morph(parent, Between(start, EndOf(start)), ParseFragment(html, parent), EndOf(start));
        }
    }

    /// <summary>Numbers the components anew, as each <c>joined</c> does, with HTML or without.</summary>
    public void Renumber()
    {
        _components.Clear();
        _components.Add(0, _start);
        _nextComponent = 1;
        Number(Nodes);
    }

    /// <summary>Applies the components of a <c>patch</c> frame.</summary>
    /// <param name="components">The frame's third element.</param>
    /// <param name="handledRef">The last event that is handled in the patch, or 0.</param>
    /// <exception cref="MalformedLiveHtmlException">The patch does not fit this page.</exception>
    public void Apply(JsonElement components, long handledRef = 0)
    {
        new PatchApplier(this, handledRef).Apply(components);
        Controls.ForgetRemoved();
    }

    /// <summary>Whether all texts of the element are one, which holds no markup.</summary>
    internal static bool HoldsRawText(IElement element) =>
        element.LocalName is "textarea" or "title" or "style" or "script";

    /// <summary>Makes the live page of what was served for a browser without the script.</summary>
    private void UndoPostAttributes()
    {
        foreach (var element in FindAll("[data-hf-post]"))
        {
            foreach (var done in element.GetAttribute("data-hf-post")!.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (done.Split(':') is [var name, var live])
                {
                    element.SetAttribute(name, Uri.UnescapeDataString(live));
                }
                else
                {
                    element.RemoveAttribute(done);
                }
            }

            element.RemoveAttribute("data-hf-post");
        }
    }

    /// <summary>Parses HTML that stands in <paramref name="parent"/>; table parts need no table around them.</summary>
    internal IReadOnlyList<INode> ParseFragment(string html, INode parent)
    {
        var context = parent as IElement;
        if (context is null || context.NamespaceUri == NamespaceNames.HtmlUri)
        {
            context = Document.CreateElement("template");
        }

        return [.. Parser.ParseFragment(html, context)];
    }

    /// <summary>The opening comment of a component; the page's own marker for 0.</summary>
    internal INode StartOf(int component) => _components.TryGetValue(component, out var start)
        ? start
        : throw new MalformedLiveHtmlException(
            $"The patch names component {component}, which the page does not have. "
            + $"It has {string.Join(", ", _components.Keys.Order())}. Number components as the protocol says.");

    /// <summary>The comment that closes what <see cref="StartOf"/> opens.</summary>
    internal INode EndOf(INode start) => start == _start ? End : LiveNode.EndOf(start);

    /// <summary>Gives the next numbers to the components in these nodes, in document order.</summary>
    internal void Number(IEnumerable<LiveNode> nodes)
    {
        foreach (var start in ComponentsIn(nodes))
        {
            _components.Add(_nextComponent++, start);
        }
    }

    /// <summary>Takes the numbers of the components in these nodes away; they are not given again.</summary>
    internal void Forget(IEnumerable<LiveNode> nodes)
    {
        var gone = ComponentsIn(nodes).ToHashSet();
        foreach (var number in _components.Where(pair => gone.Contains(pair.Value)).Select(pair => pair.Key).ToList())
        {
            _components.Remove(number);
        }
    }

    private static IEnumerable<INode> ComponentsIn(IEnumerable<LiveNode> nodes)
    {
        foreach (var node in nodes)
        {
            if (node.Kind == LiveNodeKind.Component)
            {
                yield return node.First;
            }

            if (node.First is IElement element && HoldsRawText(element))
            {
                continue;
            }

            foreach (var inner in ComponentsIn(node.Nodes))
            {
                yield return inner;
            }
        }
    }

    private bool IsLive(IElement element)
    {
        INode? node = element;
        while (node is not null && node.Parent != _start.Parent)
        {
            node = node.Parent;
        }

        return node is not null && Between(_start, End).Contains(node);
    }

    private static List<INode> Between(INode start, INode end)
    {
        var nodes = new List<INode>();
        for (var node = start.NextSibling; node != end; node = node!.NextSibling)
        {
            nodes.Add(node!);
        }

        return nodes;
    }

    private static IEnumerable<IComment> Comments(INode node)
    {
        foreach (var child in node.ChildNodes)
        {
            if (child is IComment comment)
            {
                yield return comment;
            }

            foreach (var inner in Comments(child))
            {
                yield return inner;
            }
        }
    }
}
