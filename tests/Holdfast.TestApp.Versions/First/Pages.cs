using Microsoft.AspNetCore.Components;

namespace Holdfast.TestViews;

/// <summary>A member before it is renamed.</summary>
[Route("/renamed")]
public sealed class Renamed : Counting
{
    /// <inheritdoc/>
    [Persist]
    protected override int Value { get; set; }
}

/// <summary>A view before the version whose migration throws.</summary>
[Route("/breaking")]
public sealed class Breaking : Counting
{
    /// <inheritdoc/>
    [Persist]
    protected override int Value { get; set; }
}
