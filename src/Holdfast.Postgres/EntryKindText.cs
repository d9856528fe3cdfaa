using Holdfast.Stores;

namespace Holdfast.Postgres;

/// <summary>How the kind of an entry stands in its column.</summary>
internal static class EntryKindText
{
    public static string Of(EntryKind kind) => kind switch
    {
        EntryKind.Slice => "s",
        EntryKind.Member => "m",
        EntryKind.Tab => "t",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "An entry is a slice, a member or a tab's part."),
    };

    public static EntryKind Parse(string text) => text switch
    {
        "s" => EntryKind.Slice,
        "m" => EntryKind.Member,
        "t" => EntryKind.Tab,
        _ => throw PostgresErrors.UnknownKind(text),
    };
}
