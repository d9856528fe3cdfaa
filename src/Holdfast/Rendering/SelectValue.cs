#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Rendering;

/// <summary>The value of a <c>select</c>, which HTML has as attributes of its options: a change of the options alone may have to show it again.</summary>
internal static class SelectValue
{
    /// <summary>The value that an element's attributes give; null where it is no <c>select</c>, or has none.</summary>
    public static string? Of(RenderTreeFrame[] frames, int index)
    {
        string? value = null;
        if (frames[index].ElementName.Equals("select", StringComparison.OrdinalIgnoreCase))
        {
            var end = index + frames[index].ElementSubtreeLength;
            for (var i = index + 1; i < end && frames[i].FrameType == RenderTreeFrameType.Attribute; i++)
            {
                value = frames[i].AttributeName.Equals("value", StringComparison.OrdinalIgnoreCase) ? PageWriter.TextOf(frames[i].AttributeValue) : value;
            }
        }

        return value;
    }

    /// <summary>Differs where an option is another one, or has another value.</summary>
    public static ulong HashOfOptions(RenderTreeFrame[] frames, int start, int end, ulong path)
    {
        for (var i = start; i < end; i++)
        {
            ref readonly var frame = ref frames[i];
            path = frame.FrameType switch
            {
                RenderTreeFrameType.Text => StableHash.Mix(path, StableHash.Of(frame.TextContent)),
                RenderTreeFrameType.Element => StableHash.Mix(path, (ulong)(uint)frame.Sequence + ((ulong)(uint)(frame.ElementKey?.GetHashCode() ?? 0) << 32)),
                RenderTreeFrameType.Component => StableHash.Mix(path, (ulong)frame.ComponentId),
                RenderTreeFrameType.Attribute when frame.AttributeName == "value" => StableHash.Mix(path, StableHash.Of(PageWriter.TextOf(frame.AttributeValue))),
                _ => path,
            };
        }

        return path;
    }
}
