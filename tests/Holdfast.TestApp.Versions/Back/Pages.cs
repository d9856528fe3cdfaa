using Microsoft.AspNetCore.Components;

namespace Holdfast.TestViews;

/// <summary>The migration, corrected.</summary>
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
        state.Change("Value", (int value) => value + 100);
        return state.From == 0;
    }
}
