namespace Holdfast.TestViews;

/// <summary>Version 1, which knows of no other.</summary>
[StateVersion(1)]
public sealed partial class Tally
{
    private const string Build = "first";

    [Persist]
    private int Shared { get; set; }

    [Persist(Scope.Tab)]
    private int Own { get; set; }

    [Persist(Scope.Reconnect)]
    private int Draft { get; set; }

    [Persist]
    private string Name { get; set; } = "Ada Lovelace";
}
