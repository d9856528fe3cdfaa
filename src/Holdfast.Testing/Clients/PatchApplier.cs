using System.Text.Json;
using AngleSharp.Dom;

namespace Holdfast.Testing.Clients;

/// <summary>Applies one patch. Lives as long as that: a <c>select</c>'s value waits here for the other edits.</summary>
internal sealed class PatchApplier(LiveDocument document, long handledRef)
{
    private readonly List<(IElement Select, JsonElement Value)> _selections = [];

    public void Apply(JsonElement components)
    {
        foreach (var component in components.EnumerateArray())
        {
            try
            {
                ApplyTo(component[0].GetInt32(), component.EnumerateArray().Skip(1));
            }
            catch (Exception exception) when (exception is not MalformedLiveHtmlException)
            {
                throw new MalformedLiveHtmlException(
                    $"The edits {component.GetRawText()} do not fit the page: {exception.Message} "
                    + $"They must be made against what the page shows: {document.Html}", exception);
            }
        }

        foreach (var (select, value) in _selections)
        {
            document.Controls.Select(select, value);
            document.Controls.WrittenByServer(select, handledRef);
        }
    }

    private void ApplyTo(int number, IEnumerable<JsonElement> edits)
    {
        var start = document.StartOf(number);
        var parents = new Stack<Place>();
        parents.Push(new Place(start.Parent!, start.NextSibling, document.EndOf(start)));
        foreach (var edit in edits)
        {
            if (edit.ValueKind == JsonValueKind.Array)
            {
                var parent = parents.Pop();
                if (!parent.IsOneText)
                {
                    ApplyEdit(parent, edit, start);
                }

                parents.Push(parent.Refreshed(start));
            }
            else if (edit.GetInt32() is >= 0 and var step)
            {
                parents.Push(Place.In(ElementAt(parents.Peek(), step)));
            }
            else
            {
                parents.Pop();
                parents.Push(parents.Pop().Refreshed(start));
            }
        }
    }

    private void ApplyEdit(Place parent, JsonElement edit, INode start)
    {
        switch (edit[0].GetString())
        {
            case "t":
                SetText(NodeAt(parent, edit, LiveNodeKind.Text), edit[2].GetString()!);
                break;
            case "m":
                SetMarkup(parent, edit, start);
                break;
            case "i":
                Insert(parent, edit[1].GetInt32(), edit[2].GetString()!);
                break;
            case "r":
                Remove(parent.Nodes[edit[1].GetInt32()]);
                break;
            case "a":
                SetAttribute(ElementAt(parent, edit[1].GetInt32()), edit[2].GetString()!, edit[3]);
                break;
            case "x":
                RemoveAttribute(ElementAt(parent, edit[1].GetInt32()), edit[2].GetString()!);
                break;
            case "w":
                SetRawText(ElementAt(parent, edit[1].GetInt32()), edit[2].GetString()!);
                break;
            case "p":
                Permute(parent.Nodes, [.. edit[1].EnumerateArray().Select(index => index.GetInt32())]);
                break;
            case var kind:
                throw new MalformedLiveHtmlException(
                    $"The patch has an edit of kind '{kind}'. The protocol knows t, m, i, r, a, x, w and p. Send one of them.");
        }
    }

    private void SetText(LiveNode node, string text)
    {
        if (node.First is IText existing)
        {
            existing.Data = text;
        }
        else
        {
            node.First.Parent!.ReplaceChild(document.Document.CreateTextNode(text), node.First);
        }
    }

    private void SetMarkup(Place parent, JsonElement edit, INode start)
    {
        var index = edit[1].GetInt32();
        var isText = parent.Nodes[index].Kind == LiveNodeKind.Text; // Markup that is only space.
        Remove(isText ? parent.Nodes[index] : NodeAt(parent, edit, LiveNodeKind.Markup));
        Insert(parent.Refreshed(start), index, edit[2].GetString()!);
    }

    private void Insert(Place place, int index, string html)
    {
        var nodes = place.Nodes;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, nodes.Count);
        var before = index < nodes.Count ? nodes[index].First : place.End;
        var parent = before?.Parent ?? place.Parent;
        var fresh = document.ParseFragment(html, parent);
        var inserted = LiveNode.Between(fresh.Count > 0 ? fresh[0] : null, null);
        if (inserted is not [var node])
        {
            throw new MalformedLiveHtmlException(
                $"The patch inserts '{html}', which is {inserted.Count} nodes. An insertion is exactly one. Send one edit a node.");
        }

        foreach (var dom in node.DomNodes)
        {
            parent.InsertBefore(dom, before);
        }

        document.Number([node]);
        ArrangeTable(place.Parent);
    }

    private void Remove(LiveNode node)
    {
        document.Forget([node]);
        foreach (var dom in node.DomNodes)
        {
            dom.Parent!.RemoveChild(dom);
        }
    }

    /// <summary>Puts the rows and columns of a table into implied elements, as its HTML would: each run of them into one, which other elements and
    /// components end.</summary>
    private void ArrangeTable(INode parent)
    {
        var table = parent is IElement { LocalName: "table" } ? (IElement)parent : parent is IElement part && part.HasAttribute("data-hf-implied") ? part.ParentElement : null;
        if (table is null || !table.Children.Any(child => child.LocalName is "tr" or "col" || child.HasAttribute("data-hf-implied")))
        {
            return;
        }

        var nodes = LiveNode.Of(table).Select(node => node.DomNodes).ToList();
        foreach (var implied in table.Children.Where(child => child.HasAttribute("data-hf-implied")).ToList())
        {
            while (implied.FirstChild is { } child)
            {
                table.InsertBefore(child, implied);
            }

            table.RemoveChild(implied);
        }

        IElement? current = null;
        foreach (var node in nodes)
        {
            var element = node.OfType<IElement>().FirstOrDefault();
            var wanted = node.Count == 1 || node[0] is IComment { Data: "m" } ? element?.LocalName switch { "tr" => "tbody", "col" => "colgroup", _ => null } : null;
            var ends = element is not null || node[0] is IComment { Data: "c" };
            if (ends && wanted != current?.LocalName)
            {
                current = wanted is null ? null : document.Document.CreateElement(wanted);
                current?.SetAttribute("data-hf-implied", "");
                if (current is not null)
                {
                    table.InsertBefore(current, node[0]);
                }
            }

            foreach (var dom in current is null ? [] : node)
            {
                current!.AppendChild(dom);
            }
        }
    }

    private void SetAttribute(IElement element, string name, JsonElement value)
    {
        switch (name, element.LocalName)
        {
            case ("value", "select"):
                _selections.Add((element, value));
                break;
            case ("value", "textarea"):
                SetRawText(element, value.GetString()!);
                break;
            default:
                element.SetAttribute(name, value.GetString());
                Written(element, name);
                break;
        }
    }

    private void RemoveAttribute(IElement element, string name)
    {
        if (name == "value" && element.LocalName == "textarea")
        {
            SetRawText(element, "");
            return;
        }

        element.RemoveAttribute(name);
        Written(element, name);
    }

    private void SetRawText(IElement element, string text)
    {
        element.TextContent = text;
        document.Controls.WrittenByServer(element, handledRef);
    }

    private void Written(IElement element, string attribute)
    {
        if (attribute is "value" or "checked")
        {
            document.Controls.WrittenByServer(element, handledRef);
        }
        else if (attribute == "selected" && element.Closest("select") is { } select)
        {
            document.Controls.WrittenByServer(select, handledRef);
        }
    }

    private void Permute(IReadOnlyList<LiveNode> nodes, int[] moves)
    {
        var places = new Dictionary<int, INode>();
        var moved = new List<(IReadOnlyList<INode> Nodes, int To)>();
        for (var i = 0; i < moves.Length; i += 2)
        {
            var (from, to) = (moves[i], moves[i + 1]);
            var dom = nodes[from].DomNodes;
            places.Add(from, document.Document.CreateComment("place"));
            dom[0].Parent!.InsertBefore(places[from], dom[0]);
            moved.Add((dom, to));
        }

        foreach (var (dom, to) in moved)
        {
            foreach (var node in dom)
            {
                places[to].Parent!.InsertBefore(node, places[to]);
            }
        }

        foreach (var place in places.Values)
        {
            place.Parent!.RemoveChild(place);
        }
    }

    private static LiveNode NodeAt(Place parent, JsonElement edit, LiveNodeKind kind)
    {
        var node = parent.Nodes[edit[1].GetInt32()];
        return node.Kind == kind ? node : throw new MalformedLiveHtmlException(
            $"The edit {edit.GetRawText()} is for a {kind}, but node {edit[1]} is a {node.Kind} ('{node.First.NodeName}'). "
            + "Count the nodes as the protocol says.");
    }

    private static IElement ElementAt(Place parent, int index) => parent.Nodes[index].First as IElement
        ?? throw new MalformedLiveHtmlException(
            $"The patch needs an element at {index} of '{parent.Parent.NodeName}', which is a {parent.Nodes[index].Kind}. "
            + "Count the nodes as the protocol says.");

    /// <summary>The current parent of the walk: an element, or what is between the markers of a component.</summary>
    private readonly record struct Place(INode Parent, INode? First, INode? End)
    {
        /// <summary>Whether edits of nodes in it mean nothing: its text follows as a whole.</summary>
        public bool IsOneText => End is null && Parent is AngleSharp.Html.Dom.IHtmlElement { LocalName: "textarea" or "title" or "style" or "script" };

        public IReadOnlyList<LiveNode> Nodes => LiveNode.Between(First, End);

        public static Place In(IElement element) => new(element, element.FirstChild, null);

        /// <summary>The same place after an edit, which may have changed its first node.</summary>
        public Place Refreshed(INode start) =>
            this with { First = End is null ? Parent.FirstChild : start.NextSibling };
    }
}
