using Microsoft.AspNetCore.Components;

namespace Holdfast.TestViews;

/// <summary>The member has another name, and is stored under the one it had.</summary>
[Route("/renamed")]
public sealed class Renamed : Counting
{
    /// <inheritdoc/>
    protected override int Value
    {
        get => Clicks;
        set => Clicks = value;
    }

    [Persist(Name = "Value")]
    private int Clicks { get; set; }
}

/// <summary>The migration throws, having changed something.</summary>
[StateVersion(1)]
[Route("/breaking")]
public sealed class Breaking : Counting, IMigrateState
{
    /// <inheritdoc/>
    [Persist]
    protected override int Value { get; set; }

    /// <inheritdoc/>
    public static bool MigrateState(StateMigration state)
    {
        state.Remove("Value");
        throw new NotSupportedException("This migration is broken.");
    }
}
