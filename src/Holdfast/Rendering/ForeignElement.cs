namespace Holdfast.Rendering;

/// <summary>Elements of SVG and MathML: their names keep their case, none is void, and none holds raw text. Source: HTML, 13.1.2.</summary>
internal static class ForeignElement
{
    /// <summary>Whether the element is one.</summary>
    /// <param name="element">Its name.</param>
    /// <param name="isWithin">Whether it stands in an element that <see cref="Holds"/> such.</param>
    public static bool Is(string element, bool isWithin) => isWithin || element is "svg" or "math";

    /// <summary>Whether the elements in a foreign element are foreign too.</summary>
    public static bool Holds(string element, bool isForeign) => isForeign && element != "foreignObject";
}
