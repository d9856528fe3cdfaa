using AngleSharp.Dom;

namespace Holdfast.Testing.Clients;

/// <summary>Puts HTML in place of what is shown, and keeps nodes whose name and position (or id) agree, so that what
/// belongs to them (live values) stays.</summary>
internal static class Adoption
{
    /// <summary>Makes the siblings <paramref name="shown"/> equal to <paramref name="wanted"/>; they end before
    /// <paramref name="end"/>, or with the parent.</summary>
    public static void Morph(INode parent, IReadOnlyList<INode> shown, IReadOnlyList<INode> wanted, INode? end)
    {
        var result = new List<INode>(wanted.Count);
        for (var i = 0; i < wanted.Count; i++)
        {
            var kept = KeptFor(wanted[i], i, shown);
            if (kept is not null && !result.Contains(kept))
            {
                Update(kept, wanted[i]);
                result.Add(kept);
            }
            else
            {
                result.Add(wanted[i]);
            }
        }

        foreach (var node in shown.Except(result).ToList())
        {
            parent.RemoveChild(node);
        }

        foreach (var node in result)
        {
            parent.InsertBefore(node, end);
        }
    }

    private static INode? KeptFor(INode wanted, int position, IReadOnlyList<INode> shown) =>
        wanted is IElement { Id: { Length: > 0 } }
            ? shown.FirstOrDefault(node => Agree(node, wanted))
            : shown.ElementAtOrDefault(position) is { } there && Agree(there, wanted) ? there : null;

    private static bool Agree(INode shown, INode wanted) => (shown, wanted) switch
    {
        (IElement a, IElement b) => a.LocalName == b.LocalName && a.NamespaceUri == b.NamespaceUri && a.Id == b.Id
            && (!LiveControls.IsControl(a) || IsSameControl(a, b)),
        _ => shown.NodeType == wanted.NodeType,
    };

    /// <summary>In a list the rows' controls differ in their handlers only; after a deploy all handlers may differ.</summary>
    private static bool IsSameControl(IElement shown, IElement wanted) =>
        SameAttribute(shown, wanted, "name") && SameAttribute(shown, wanted, "type")
        && (shown.Id is { Length: > 0 }
            || SameAttribute(shown, wanted, Handler.Attribute)
            || shown.Owner!.QuerySelectorAll(shown.LocalName).Count(other => SameAttribute(shown, other, "name") && SameAttribute(shown, other, "type")) < 2);

    private static bool SameAttribute(IElement a, IElement b, string name) => a.GetAttribute(name) == b.GetAttribute(name);

    private static void Update(INode kept, INode wanted)
    {
        if (kept is not IElement element)
        {
            kept.NodeValue = wanted.NodeValue!;
            return;
        }

        UpdateAttributes(element, (IElement)wanted);
        Morph(element, [.. element.ChildNodes], [.. wanted.ChildNodes], end: null);
    }

    private static void UpdateAttributes(IElement kept, IElement wanted)
    {
        foreach (var name in kept.Attributes.Select(attribute => attribute.Name).ToList())
        {
            if (!wanted.HasAttribute(name))
            {
                kept.RemoveAttribute(name);
            }
        }

        foreach (var attribute in wanted.Attributes)
        {
            if (kept.GetAttribute(attribute.Name) != attribute.Value)
            {
                kept.SetAttribute(attribute.Name, attribute.Value);
            }
        }
    }
}
