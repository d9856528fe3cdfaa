using System.Collections.Concurrent;
using Holdfast.Diagnostics;

namespace Holdfast.Connections;

/// <summary>Owns the connections of this node and their number. Thread-safe; no lock is held while a socket is written or closed.</summary>
internal sealed class ConnectionRegistry(int maxConnections, TimeSpan deadAfter, ConnectionMetrics metrics)
{
    private readonly ConcurrentDictionary<LiveConnection, bool> _connections = new();
    private int _count;
    private volatile bool _isDraining;

    public int Count => Volatile.Read(ref _count);

    public bool IsDraining => _isDraining;

    /// <summary>Whether another connection may come now. A hint: <see cref="TryEnter"/> decides.</summary>
    public bool HasRoom => !_isDraining && (maxConnections == 0 || Count < maxConnections);

    /// <summary>Counts a connection in, unless there are as many as may be. Never exceeded, also under races.</summary>
    public bool TryEnter()
    {
        if (_isDraining)
        {
            metrics.Rejected("draining");
            return false;
        }

        if (Interlocked.Increment(ref _count) > maxConnections && maxConnections > 0)
        {
            Interlocked.Decrement(ref _count);
            metrics.Rejected("full");
            return false;
        }

        metrics.Active(+1);
        return true;
    }

    /// <summary>Counts a connection out.</summary>
    public void Exit()
    {
        Interlocked.Decrement(ref _count);
        metrics.Active(-1);
    }

    public void Add(LiveConnection connection)
    {
        _connections.TryAdd(connection, true);
        if (_isDraining)
        {
            connection.GoAway("shutdown", ShutdownSpread);
        }
    }

    public void Remove(LiveConnection connection) => _connections.TryRemove(connection, out _);

    /// <summary>Ends the connections that were silent for too long. Called every few seconds.</summary>
    public void EndSilent()
    {
        foreach (var (connection, _) in _connections)
        {
            if (connection.Silence > deadAfter)
            {
                connection.Abort();
            }
        }
    }

    /// <summary>Sends documents whose ticket is old for another, and with it for a fresh cookie, long before either ends. Called every few seconds.</summary>
    public void Renew()
    {
        foreach (var (connection, _) in _connections)
        {
            connection.RenewIfOld();
        }
    }

    /// <summary>Takes no more connections, and tells those that are here to come back.</summary>
    public void Drain()
    {
        _isDraining = true;
        foreach (var (connection, _) in _connections)
        {
            connection.GoAway("shutdown", ShutdownSpread);
        }
    }

    /// <summary>Over how long the clients of a stopping node come back. Chosen: a deploy's new node is not met by all at once.</summary>
    private static readonly TimeSpan ShutdownSpread = TimeSpan.FromSeconds(1);
}
