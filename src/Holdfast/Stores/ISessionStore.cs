namespace Holdfast.Stores;

/// <summary>
/// Keeps sessions as sets of small entries, and changes them by compare-and-set. A store sees bytes, entry names and a
/// revision; it knows nothing of views.
/// </summary>
/// <remarks>
/// <para>Every member may be called from any thread and at the same time. The caller keeps at most one write of one
/// session in flight per node; several nodes may write the same session at once, and exactly one of them wins.</para>
/// <para>A write is durable when its task has completed with <see cref="SessionWriteResult.Committed"/>: a crash of the
/// process or the machine right after that loses nothing of it. A crash before that may have written all of it or
/// nothing, never a part.</para>
/// <para>An exception says nothing about whether the write happened (the answer may have been lost); the caller
/// finds out by writing again: if it did happen, that conflicts.</para>
/// </remarks>
public interface ISessionStore
{
    /// <summary>How long what was committed lasts. Known once the store is open; the default is <see cref="StoreDurability.Durable"/>.</summary>
    StoreDurability Durability => StoreDurability.Durable;

    /// <summary>Connects, checks that the server can keep what the store promises, and makes there what it needs. Called when the host starts,
    /// before any other member; calling it again does nothing. The default does nothing.</summary>
    /// <exception cref="SessionStoreException">The server cannot be reached or used. The message says which connection failed, why, and what to
    /// do (for a developer: how to start a server).</exception>
    ValueTask OpenAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Reads a whole session in one go.</summary>
    /// <param name="key">The storage key: 1 to 256 characters of <c>A–Z a–z 0–9 - _ : .</c></param>
    /// <param name="knownRevision">The revision that the caller holds, or 0. When the stored one is equal, the entries
    /// are not read and the answer is <see cref="SessionReadStatus.Unchanged"/>.</param>
    /// <param name="cancellationToken">Ends the wait; the store is not changed by it.</param>
    /// <returns>A session past its expiry is <see cref="SessionReadStatus.Missing"/>, also before it was swept.</returns>
    ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken);

    /// <summary>
    /// Applies a change if the stored revision is <see cref="SessionWrite.ExpectedRevision"/>, all of it or nothing,
    /// and raises the revision.
    /// </summary>
    /// <returns>Committed with the new revision, or a conflict when another revision (or none, or an expired session)
    /// is stored. A conflict is an answer, not an exception.</returns>
    /// <remarks>
    /// The first revision of a new session is random (see <see cref="SessionRevision.First"/>), so that a writer which
    /// still holds a revision from before a delete can never match a session made after it.
    /// </remarks>
    ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken);

    /// <summary>Removes a session whatever its revision. Returns whether there was one (expired ones do not count).</summary>
    ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>The keys of all sessions that have not expired, in no particular order. Sessions that are created or
    /// removed meanwhile may be in it or not.</summary>
    IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken);

    /// <summary>Removes expired sessions for good and returns how many. Called about once an hour on each node.</summary>
    ValueTask<int> SweepAsync(CancellationToken cancellationToken);
}
