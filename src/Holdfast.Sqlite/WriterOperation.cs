using Holdfast.Stores;

namespace Holdfast.Sqlite;

/// <summary>Something that waits for the writer. It is applied inside a transaction, perhaps more than once (each time on a
/// transaction begun anew), and completed after the commit.</summary>
internal interface IWriterOperation
{
    CancellationToken Cancellation { get; }

    /// <summary>Called on the writer's thread, in its transaction.</summary>
    /// <param name="statements">The writer's statements.</param>
    /// <param name="now">Unix time in milliseconds.</param>
    void Apply(WriterStatements statements, long now);

    /// <summary>The transaction is committed: hands out what the last <see cref="Apply"/> found.</summary>
    void Complete();

    void Fail(Exception exception);

    void Cancel();
}

/// <summary>Owns the answer to one caller. Its continuations never run on the writer's thread.</summary>
internal abstract class WriterOperation<TResult>(CancellationToken cancellation)
    : TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously), IWriterOperation
{
    private TResult _result = default!;

    public CancellationToken Cancellation => cancellation;

    public void Apply(WriterStatements statements, long now) => _result = Decide(statements, now);

    public void Complete() => TrySetResult(_result);

    public void Fail(Exception exception) => TrySetException(exception);

    public void Cancel() => TrySetCanceled(cancellation);

    protected abstract TResult Decide(WriterStatements statements, long now);
}

/// <summary>A compare-and-set of one session.</summary>
internal sealed class WriteOperation(string key, SessionWrite write, CancellationToken cancellation)
    : WriterOperation<SessionWriteResult>(cancellation)
{
    protected override SessionWriteResult Decide(WriterStatements statements, long now)
    {
        var expiresAt = write.ExpiresAt.ToUnixTimeMilliseconds();
        long revision;
        long? record;
        if (write.ExpectedRevision == 0)
        {
            revision = SessionRevision.First();
            record = statements.TryCreate(key, revision, expiresAt, now);
        }
        else
        {
            revision = write.ExpectedRevision + 1;
            record = statements.TryAdvance(key, write.ExpectedRevision, expiresAt, now);
        }
        if (record is not { } id)
        {
            return SessionWriteResult.Conflict;
        }
        for (var i = 0; i < write.Changes.Count; i++)
        {
            statements.Apply(id, write.Changes[i]);
        }
        return new SessionWriteResult(true, revision);
    }
}

/// <summary>The removal of one session.</summary>
internal sealed class DeleteOperation(string key, CancellationToken cancellation) : WriterOperation<bool>(cancellation)
{
    protected override bool Decide(WriterStatements statements, long now) => statements.Delete(key, now);
}

/// <summary>The removal of some of the expired sessions, by their record numbers.</summary>
internal sealed class SweepOperation(IReadOnlyList<long> records, CancellationToken cancellation)
    : WriterOperation<int>(cancellation)
{
    protected override int Decide(WriterStatements statements, long now) => statements.Sweep(records, now);
}
