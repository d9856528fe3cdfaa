using AngleSharp.Dom;

namespace Holdfast.Testing.Clients;

/// <summary>One entry of a <c>data-hf</c> attribute.</summary>
internal readonly record struct Handler(string Event, string Address, string Flags)
{
    public const string Attribute = "data-hf";

    /// <summary>The events that a browser gives only to their target. Source: the tables of events in HTML and UI Events.</summary>
    private static readonly HashSet<string> NotBubbling =
        ["blur", "focus", "load", "unload", "error", "mouseenter", "mouseleave", "pointerenter", "pointerleave", "scroll", "toggle", "close", "cancel"];

    public bool ReadsProperties => Flags.Contains('a');

    public bool PreventsDefault => Flags.Contains('p');

    public bool StopsPropagation => Flags.Contains('s');

    public static IReadOnlyList<Handler> Of(IElement element) =>
        [.. (element.GetAttribute(Attribute) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    /// <summary>The handlers that an event at this element reaches, innermost first.</summary>
    public static IReadOnlyList<(IElement Element, Handler Handler)> OnTheWayUp(IElement target, string name)
    {
        var found = new List<(IElement, Handler)>();
        for (IElement? element = target; element is not null; element = element.ParentElement)
        {
            var here = Of(element).Where(handler => handler.Event == name).ToList();
            found.AddRange(here.Select(handler => (element, handler)));
            if (NotBubbling.Contains(name) || here.Any(handler => handler.StopsPropagation))
            {
                break;
            }
        }

        return found;
    }

    private static Handler Parse(string entry)
    {
        var colon = entry.IndexOf(':');
        var parts = entry[(colon + 1)..].Split('.', 2);
        return new Handler(entry[..colon], parts[0], parts.Length > 1 ? parts[1] : "");
    }
}
