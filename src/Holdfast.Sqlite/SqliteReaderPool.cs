using Holdfast.Stores;
using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Holdfast.Sqlite;

/// <summary>Owns the reading connections that are not in use. Called from any thread.</summary>
/// <remarks>A reader is held only for one statement, without an await: there are never more of them than threads.</remarks>
internal sealed class SqliteReaderPool(SqliteDatabase database) : IDisposable
{
    /// <summary>Most connections kept; each has a page cache of up to 2 MB (SQLite's default). Chosen.</summary>
    private static readonly int s_mostIdle = Math.Clamp(Environment.ProcessorCount * 2, 4, 32);

    private readonly ConcurrentBag<SqliteReader> _idle = [];
    private volatile bool _disposed;

    /// <summary>Runs <paramref name="read"/> on a connection of its own.</summary>
    /// <exception cref="SessionStoreException">It could not be read.</exception>
    public TResult Use<TState, TResult>(TState state, Func<SqliteReader, TState, TResult> read)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteSessionStore));
        SqliteReader? reader = null;
        try
        {
            if (!_idle.TryTake(out reader))
            {
                reader = new SqliteReader(database);
            }
            var result = read(reader, state);
            Return(reader);
            return result;
        }
        catch (SqliteException exception)
        {
            // The connection may be what is broken.
            reader?.Dispose();
            throw SqliteErrors.CannotRead(database.Path, exception);
        }
        catch
        {
            reader?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _disposed = true;
        CloseIdle();
    }

    private void Return(SqliteReader reader)
    {
        if (_idle.Count >= s_mostIdle)
        {
            reader.Dispose();
            return;
        }
        _idle.Add(reader);
        if (_disposed)
        {
            CloseIdle();
        }
    }

    private void CloseIdle()
    {
        while (_idle.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }
}
