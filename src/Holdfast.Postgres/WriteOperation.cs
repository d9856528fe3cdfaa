using Holdfast.Stores;

namespace Holdfast.Postgres;

/// <summary>A compare-and-set of one session which waits for the writer. Owns the answer to its caller, whose continuations never run on the
/// writer's thread.</summary>
internal sealed class WriteOperation : TaskCompletionSource<SessionWriteResult>
{
    private readonly SessionWrite _write;

    /// <exception cref="ArgumentException">An entry has a name that cannot be stored.</exception>
    public WriteOperation(string key, SessionWrite write, CancellationToken cancellation) : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        (Key, _write, Cancellation) = (key, write, cancellation);
        Revision = write.ExpectedRevision == 0 ? SessionRevision.First() : write.ExpectedRevision + 1;
        ExpiresAt = write.ExpiresAt.ToUnixTimeMilliseconds();
        Hashes = write.Changes.Count == 0 ? [] : new Guid[write.Changes.Count];
        for (var i = 0; i < Hashes.Length; i++)
        {
            Hashes[i] = EntryHash.Of(write.Changes[i].Key);
            Bytes += write.Changes[i].Value?.Length ?? 0;
        }
    }

    public string Key { get; }

    public long ExpectedRevision => _write.ExpectedRevision;

    /// <summary>The new one.</summary>
    public long Revision { get; }

    /// <summary>Unix time in milliseconds.</summary>
    public long ExpiresAt { get; }

    public IReadOnlyList<EntryChange> Changes => _write.Changes;

    /// <summary>Those of the changes' names, in their order.</summary>
    public Guid[] Hashes { get; }

    /// <summary>How long the values are together.</summary>
    public long Bytes { get; }

    public CancellationToken Cancellation { get; }

    public void Complete(bool isCommitted) => TrySetResult(isCommitted ? new SessionWriteResult(true, Revision) : SessionWriteResult.Conflict);
}
