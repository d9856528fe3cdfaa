namespace Holdfast.TestViews.Components;

/// <summary>A value that the app cascades to all components.</summary>
/// <param name="Name">What it is called.</param>
public sealed record TestTheme(string Name);
