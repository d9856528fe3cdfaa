namespace Holdfast.Sessions;

/// <summary>Which page it is, and for whom: what a ticket says, checked.</summary>
/// <param name="Record">The record that the page's state is in; null for a page without persisted members.</param>
/// <param name="PageType">The page's view.</param>
/// <param name="SliceKey">The key of the page's slice.</param>
/// <param name="Parameters">The page's parameters.</param>
/// <param name="Uri">The absolute address.</param>
/// <param name="BaseUri">The absolute address of the app, with a slash at the end.</param>
/// <param name="Culture">The name of the <see cref="PageCulture"/> that the page was first rendered in.</param>
/// <param name="User">Who it is for: null for a visitor.</param>
/// <param name="Browser">The browser's record, which the page ends with, where its state is in the user's.</param>
internal sealed record PageAddress(
    RecordClaim? Record,
    Type PageType,
    string SliceKey,
    IReadOnlyDictionary<string, object?> Parameters,
    string Uri,
    string BaseUri,
    string Culture,
    string? User = null,
    RecordClaim? Browser = null)
{
    /// <summary>When a page that stays open is to fetch another ticket; null: never.</summary>
    public DateTimeOffset? RenewAt { get; init; }
}
