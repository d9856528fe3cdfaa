namespace Holdfast.TestViews.Parts;

/// <summary>A view that cannot be made.</summary>
public sealed class NoConstructor : LiveView
{
    /// <summary>Always throws.</summary>
    public NoConstructor() => throw new InvalidOperationException("The constructor fails.");
}
