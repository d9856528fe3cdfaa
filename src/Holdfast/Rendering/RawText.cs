#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Rendering;

/// <summary>Elements whose content is one text to the HTML parser, so that texts in them cannot be told apart in the document.</summary>
internal static class RawText
{
    public static bool Is(string element, bool isForeign) => !isForeign && element is ("textarea" or "title" or "style" or "script");

    /// <summary>Differs where the text does; not where a <c>textarea</c> has its text from its <c>value</c>, which is sent as an attribute.</summary>
    public static ulong HashOf(RenderTreeFrame[] frames, int index, int content, int end, ulong path)
    {
        if (ValueOf(frames, index) is not null)
        {
            return StableHash.Mix(path, 1);
        }

        for (var i = content; i < end; i++)
        {
            path = StableHash.Mix(path, StableHash.Of(TextOf(frames[i])));
        }

        return path;
    }

    /// <summary>What an element with one text shows: what is in it, or the <c>value</c> of a <c>textarea</c>.</summary>
    public static string Of(RenderTreeFrame[] frames, int index, int content, int end) => ValueOf(frames, index) ?? Join(frames, content, end);

    public static string Join(RenderTreeFrame[] frames, int start, int end)
    {
        var text = "";
        for (var i = start; i < end; i++)
        {
            text += TextOf(frames[i]);
        }

        return text;
    }

    private static string? ValueOf(RenderTreeFrame[] frames, int index) =>
        frames[index].ElementName == "textarea" ? new ElementAttributes(frames, index).Text("value") : null;

    private static string TextOf(in RenderTreeFrame frame) => frame.FrameType switch
    {
        RenderTreeFrameType.Text => frame.TextContent,
        RenderTreeFrameType.Markup => frame.MarkupContent,
        _ => "",
    };
}
