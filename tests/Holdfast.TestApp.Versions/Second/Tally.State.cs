namespace Holdfast.TestViews;

/// <summary>Version 2: other names, numbers that became records, one member that became two, and a new one.</summary>
[StateVersion(2)]
public sealed partial class Tally : IMigrateState
{
    private const string Build = "second";

    [Persist]
    private Amount Total { get; set; } = new(0);

    [Persist(Scope.Tab)]
    private Amount OfTab { get; set; } = new(0);

    [Persist(Scope.Reconnect)]
    private Amount Unsent { get; set; } = new(0);

    [Persist]
    private string First { get; set; } = "Ada";

    [Persist]
    private string Last { get; set; } = "Lovelace";

    [Persist]
    private int Seen { get; set; }

    private int Shared
    {
        get => Total.Value;
        set => (Total, Seen) = (new Amount(value), Seen + 1);
    }

    private int Own
    {
        get => OfTab.Value;
        set => OfTab = new Amount(value);
    }

    private int Draft
    {
        get => Unsent.Value;
        set => Unsent = new Amount(value);
    }

    private string Name
    {
        get => $"{First} {Last}";
        set => (First, Last) = (value.Split(' ')[0], value.Split(' ')[1]);
    }

    /// <inheritdoc/>
    public static bool MigrateState(StateMigration state)
    {
        if (state.From != 1)
        {
            return false;
        }

        state.Rename("Shared", "Total");
        state.Rename("Own", "OfTab");
        state.Rename("Draft", "Unsent");
        foreach (var member in (string[])["Total", "OfTab", "Unsent"])
        {
            state.Change(member, (int value) => new Amount(value));
        }

        if (state.Session.TryGet<string>("Name", out var name))
        {
            var words = name.Split(' ');
            state.Session.Set("First", words[0]);
            state.Session.Set("Last", words[1]);
            state.Session.Remove("Name");
        }

        return true;
    }

    /// <summary>A number, stored as an object.</summary>
    public sealed record Amount(int Value);
}
