#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Rendering;

/// <summary>The attributes of one element of a tree, by name.</summary>
/// <param name="frames">The component's frames.</param>
/// <param name="index">The element.</param>
internal readonly struct ElementAttributes(RenderTreeFrame[] frames, int index)
{
    private int End => index + frames[index].ElementSubtreeLength;

    /// <summary>What comes after them.</summary>
    public int Content
    {
        get
        {
            var content = index + 1;
            while (content < End && frames[content].FrameType == RenderTreeFrameType.Attribute)
            {
                content++;
            }

            return content;
        }
    }

    /// <summary>What an attribute says; null where it is not there.</summary>
    public string? Text(string name) => IndexOf(name) is >= 0 and var found ? PageWriter.TextOf(frames[found]) : null;

    public bool Has(string name) => Text(name) is not null;

    /// <summary>The renderer's number of a handler; 0 where there is none.</summary>
    public ulong Handler(string eventName) => IndexOf(eventName) is >= 0 and var found ? frames[found].AttributeEventHandlerId : 0;

    /// <summary>Whether a modifier is on, such as <see cref="EventModifiers.PreventDefault"/> of <c>onclick</c>.</summary>
    public bool Has(string modifier, string eventName) => IndexOf(modifier + eventName) is >= 0 and var found && EventModifiers.Is(frames[found]);

    /// <summary>The texts in the element, as one.</summary>
    public string InnerText() => RawText.Join(frames, Content, End);

    private int IndexOf(string name)
    {
        for (var i = index + 1; i < End && frames[i].FrameType == RenderTreeFrameType.Attribute; i++)
        {
            if (frames[i].AttributeName.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }
}
