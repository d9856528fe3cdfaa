#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Rendering;

/// <summary>The attributes that <c>@onclick:preventDefault</c> and <c>@onclick:stopPropagation</c> become.</summary>
internal static class EventModifiers
{
    public const string PreventDefault = "__internal_preventDefault_";
    public const string StopPropagation = "__internal_stopPropagation_";
    private const string Prefix = "__internal_";

    /// <summary>Whether the attribute is a modifier that is on.</summary>
    public static bool Is(in RenderTreeFrame attribute) => IsName(attribute.AttributeName) && attribute.AttributeValue is true;

    public static bool IsName(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);
}
