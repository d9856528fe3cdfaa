#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Rendering;

/// <summary>Elements whose content is one text to the HTML parser, so that texts in them cannot be told apart in the document.</summary>
internal static class RawText
{
    public static bool Is(string element, bool isForeign) => !isForeign && element is ("textarea" or "title" or "style" or "script");

    public static ulong HashOf(RenderTreeFrame[] frames, int start, int end, ulong path)
    {
        for (var i = start; i < end; i++)
        {
            path = StableHash.Mix(path, StableHash.Of(TextOf(frames[i])));
        }

        return path;
    }

    public static string Join(RenderTreeFrame[] frames, int start, int end)
    {
        var text = "";
        for (var i = start; i < end; i++)
        {
            text += TextOf(frames[i]);
        }

        return text;
    }

    private static string TextOf(in RenderTreeFrame frame) => frame.FrameType switch
    {
        RenderTreeFrameType.Text => frame.TextContent,
        RenderTreeFrameType.Markup => frame.MarkupContent,
        _ => "",
    };
}
