using Holdfast.Sessions;

namespace Holdfast.Security;

/// <summary>What a browser's cookie says: which record is its, by which key that is named, and of which generation.</summary>
internal sealed record BrowserId(StorageKey Key, byte[] Id, long Generation)
{
    /// <summary>The record's storage key.</summary>
    public string Record { get; } = Key.NameOf(Id);

    /// <summary>What a user's claim to the record is; a visitor's where there is no user.</summary>
    public RecordClaim ClaimOf(string? user) => new(Record, new RecordOwner(user is null ? null : Key.TagOf(user), Generation));
}
