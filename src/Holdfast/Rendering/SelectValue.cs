#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using System.Text.Json;
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Rendering;

/// <summary>The value of a <c>select</c>, which HTML has no attribute for: it stands in the options.</summary>
internal static class SelectValue
{
    /// <summary>What a <c>select</c> selects; for a multiple one <c>@bind</c> gives the values as JSON. Null where it says nothing of it.</summary>
    /// <param name="frames">The component's frames.</param>
    /// <param name="element">The element.</param>
    /// <param name="content">What comes after its attributes.</param>
    public static List<string>? Of(RenderTreeFrame[] frames, int element, int content)
    {
        string? value = null;
        var isMultiple = false;
        for (var i = element + 1; i < content; i++)
        {
            ref readonly var attribute = ref frames[i];
            if (attribute.AttributeName.Equals("value", StringComparison.OrdinalIgnoreCase))
            {
                value = PageWriter.TextOf(attribute.AttributeValue);
            }

            isMultiple |= attribute.AttributeName == "multiple" && attribute.AttributeValue is not (null or false);
        }

        return value is null ? null : isMultiple && value.StartsWith('[') ? JsonSerializer.Deserialize<List<string>>(value) : [value];
    }
}
