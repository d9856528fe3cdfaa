namespace Holdfast;

/// <summary>
/// Stores a page's state under this key instead of the page's path, so that all routes of the view, with whatever values, share one state of the visitor.
/// </summary>
/// <remarks>A key belongs to one view class: two with the same key are an error at start-up, and a class that derives from the view does not inherit it. State that was stored
/// under the path before is not found under the key.</remarks>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class StateKeyAttribute(string key) : Attribute
{
    /// <summary>The key, at most 256 characters. It is not shown to anyone.</summary>
    public string Key { get; } = key;
}
