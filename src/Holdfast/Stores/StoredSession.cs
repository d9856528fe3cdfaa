namespace Holdfast.Stores;

/// <summary>What kind of entry it is. The names are stored by their first letter, lower case: <c>s</c>, <c>m</c>, <c>t</c>.</summary>
public enum EntryKind : byte
{
    /// <summary>What is known about a slice as a whole (its version). <see cref="EntryKey.Name"/> is empty.</summary>
    Slice,

    /// <summary>One persisted member; the name is the member's.</summary>
    Member,

    /// <summary>What one tab has in the slice: its own members, its fence and watermarks. The name is the tab's id.</summary>
    Tab,
}

/// <summary>The name of one entry of a session. Compared ordinally.</summary>
/// <param name="Slice">The slice's key: at most 1,024 characters, any Unicode but NUL.</param>
/// <param name="Kind">What the entry holds.</param>
/// <param name="Name">At most 256 characters, any Unicode but NUL; may be empty.</param>
public readonly record struct EntryKey(string Slice, EntryKind Kind, string Name);

/// <summary>A session as it was read. The bytes are the caller's to keep; neither side changes them.</summary>
public sealed record StoredSession(long Revision, DateTimeOffset ExpiresAt, IReadOnlyDictionary<EntryKey, byte[]> Entries);

/// <summary>One entry of a change: its new bytes, or <see langword="null"/> to remove it.</summary>
public readonly record struct EntryChange(EntryKey Key, byte[]? Value);

/// <summary>A change to write.</summary>
/// <param name="ExpectedRevision">The revision it was made on; 0 when there must be no session under the key (one that
/// has expired counts as none, and none of its entries survive).</param>
/// <param name="ExpiresAt">The session's new expiry. It may be earlier than the stored one.</param>
/// <param name="Changes">Each key at most once. An empty list only moves the expiry (and raises the revision).</param>
public sealed record SessionWrite(long ExpectedRevision, DateTimeOffset ExpiresAt, IReadOnlyList<EntryChange> Changes);

/// <summary>How a read went.</summary>
public enum SessionReadStatus : byte
{
    /// <summary>There is no such session, or it has expired.</summary>
    Missing,

    /// <summary>The stored revision is the one that the caller holds.</summary>
    Unchanged,

    /// <summary>The session was read.</summary>
    Read,
}

/// <summary>The answer to a read.</summary>
public readonly record struct SessionReadResult(SessionReadStatus Status, StoredSession? Session)
{
    /// <summary>No session, or an expired one.</summary>
    public static SessionReadResult Missing => default;

    /// <summary>The caller's revision is the stored one.</summary>
    public static SessionReadResult Unchanged => new(SessionReadStatus.Unchanged, null);
}

/// <summary>The answer to a write.</summary>
/// <param name="Committed">Whether the change is stored, durably.</param>
/// <param name="Revision">When committed, the session's new revision.</param>
public readonly record struct SessionWriteResult(bool Committed, long Revision)
{
    /// <summary>Another revision is stored: read, merge, write again.</summary>
    public static SessionWriteResult Conflict => default;
}
