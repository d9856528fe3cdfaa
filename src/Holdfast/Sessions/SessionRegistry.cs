using System.Collections.Concurrent;
using Holdfast.Diagnostics;
using Holdfast.Stores;

namespace Holdfast.Sessions;

/// <summary>Owns the one <see cref="Session"/> object that this node has of each session in use. Called from requests and joins.</summary>
internal sealed class SessionRegistry(ISessionStore store, SessionLimits limits, TimeProvider time, StoreMetrics metrics)
{
    private readonly ConcurrentDictionary<string, Session> _sessions = new(StringComparer.Ordinal);

    /// <summary>How many sessions are in use here.</summary>
    public int Count => _sessions.Count;

    /// <summary>Gets the session, as it is in the store now. The caller ends its use with <see cref="Session.Release"/>.</summary>
    /// <exception cref="Exception">What the store throws when it cannot be read.</exception>
    public async ValueTask<Session> UseAsync(string key, CancellationToken cancellationToken)
    {
        var session = Use(key);
        try
        {
            await session.RefreshAsync(cancellationToken).ConfigureAwait(false);
            return session;
        }
        catch
        {
            session.Release();
            throw;
        }
    }

    /// <summary>Gets the session like <see cref="UseAsync(string, CancellationToken)"/>, but waits only so long, also for a store that does not look at its token.</summary>
    /// <exception cref="TimeoutException">The store did not answer.</exception>
    public async Task<Session> UseAsync(string key, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var use = UseAsync(key, ended.Token).AsTask();
        try
        {
            return await use.WaitAsync(limit, time, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await ended.CancelAsync().ConfigureAwait(false);
            _ = use.ContinueWith(static use => use.Result.Release(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Gets a session that nobody has had yet: there is nothing to read. The caller ends its use with <see cref="Session.Release"/>.</summary>
    public Session UseNew(string key) => Use(key);

    /// <summary>Is told the key of a record whose claims were revoked here, once that is durable.</summary>
    public Action<string> Revoked { get; set; } = static _ => { };

    /// <summary>Looks whether a session in use here was deleted or has another owner.</summary>
    public async Task LookAsync(string key)
    {
        if (!_sessions.TryGetValue(key, out var session) || !session.TryUse())
        {
            return;
        }

        try
        {
            await session.RefreshAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            metrics.ReadFailed(exception);
        }
        finally
        {
            session.Release();
        }
    }

    /// <summary>Looks at all sessions in use here, one after another.</summary>
    public async Task LookAsync()
    {
        foreach (var key in _sessions.Keys)
        {
            await LookAsync(key).ConfigureAwait(false);
        }
    }

    /// <summary>Moves the expiry of the sessions that pages hold open.</summary>
    public void KeepAlive()
    {
        foreach (var session in _sessions.Values)
        {
            session.KeepAlive();
        }
    }

    /// <summary>Waits until every session is durable, until for a while none of them has become so, or until it is cancelled. They are written side by side: one whose
    /// store hangs costs the others nothing, and at the end <paramref name="patience"/>.</summary>
    /// <returns>How many sessions had something unsaved, and how many of them still have.</returns>
    public async Task<(int Unsaved, int Unwritten)> FlushAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var flushes = _sessions.Values.Select(session => session.FlushAsync(CancellationToken.None)).Where(flush => !flush.IsCompleted).ToList();
        var written = 0;
        using var stalled = new CancellationTokenSource(patience, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stalled.Token, cancellationToken);
        try
        {
            await foreach (var _ in Task.WhenEach(flushes).WithCancellation(ended.Token).ConfigureAwait(false))
            {
                written++;
                stalled.CancelAfter(patience);
            }
        }
        catch (OperationCanceledException)
        {
            // What is left is told to the caller.
        }

        return (flushes.Count, flushes.Count - written);
    }

    /// <summary>Gives up what is unsaved.</summary>
    public void Abandon()
    {
        foreach (var session in _sessions.Values)
        {
            session.Abandon();
        }
    }

    private Session Use(string key)
    {
        while (true)
        {
            var session = _sessions.GetOrAdd(key, static (key, registry) => new Session(key, registry.Store, registry.LimitsOf(key), registry.Time, registry.Metrics, registry.Remove, registry.Revoked), this);
            if (session.TryUse())
            {
                return session;
            }

            Remove(session);
        }
    }

    private void Remove(Session session) => _sessions.TryRemove(KeyValuePair.Create(session.Key, session));

    private ISessionStore Store => store;

    private SessionLimits LimitsOf(string key) => key.StartsWith("user:", StringComparison.Ordinal) ? limits with { Lifetime = limits.UserLifetime } : limits;

    private TimeProvider Time => time;

    private StoreMetrics Metrics => metrics;
}
