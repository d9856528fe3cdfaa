using Holdfast.Stores;

namespace Holdfast.Sqlite;

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
        _ => throw new InvalidDataException(
            $"An entry of the kind '{text}' is stored, and this version of Holdfast.Sqlite knows 's', 'm' and 't'. Something "
            + "else has written to the file. Delete that row, or restore a backup."),
    };
}
