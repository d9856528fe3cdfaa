using System.Text.Json.Nodes;

namespace Holdfast.TestViews;

/// <summary>Version 1 again, in a build that brings version 2 back to it.</summary>
[StateVersion(1)]
public sealed partial class Tally : IMigrateState
{
    private const string Build = "back";

    [Persist]
    private int Shared { get; set; }

    [Persist(Scope.Tab)]
    private int Own { get; set; }

    [Persist(Scope.Reconnect)]
    private int Draft { get; set; }

    [Persist]
    private string Name { get; set; } = "Ada Lovelace";

    /// <inheritdoc/>
    public static bool MigrateState(StateMigration state)
    {
        if (state.From != 2)
        {
            return false;
        }

        state.Rename("Total", "Shared");
        state.Rename("OfTab", "Own");
        state.Rename("Unsent", "Draft");
        foreach (var member in (string[])["Shared", "Own", "Draft"])
        {
            state.Change(member, (JsonObject amount) => (int)amount["Value"]!);
        }

        if (state.Session.TryGet<string>("First", out var first) && state.Session.TryGet<string>("Last", out var last))
        {
            state.Session.Set("Name", $"{first} {last}");
            state.Session.Remove("First");
            state.Session.Remove("Last");
        }

        return true;
    }
}
