using Holdfast.Stores;
using Microsoft.Data.Sqlite;

namespace Holdfast.Sqlite;

/// <summary>Owns one reading connection and its prepared statements. Called by one thread at a time.</summary>
internal sealed class SqliteReader : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _read;
    private readonly SqliteStatement _list;
    private readonly SqliteStatement _listExpired;

    public SqliteReader(SqliteDatabase database)
    {
        _connection = database.Open();
        try
        {
            _read = new SqliteStatement(_connection, SqlText.Read);
            _list = new SqliteStatement(_connection, SqlText.List);
            _listExpired = new SqliteStatement(_connection, SqlText.ListExpired);
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    public SessionReadResult Read(string key, long knownRevision, long now)
    {
        _read.Bind(1, key);
        try
        {
            if (!_read.Step() || _read.Int64(1) <= now)
            {
                return SessionReadResult.Missing;
            }
            var revision = _read.Int64(0);
            if (revision == knownRevision)
            {
                return SessionReadResult.Unchanged;
            }
            var expiresAt = DateTimeOffset.FromUnixTimeMilliseconds(_read.Int64(1));
            return new SessionReadResult(SessionReadStatus.Read, new StoredSession(revision, expiresAt, ReadEntries()));
        }
        finally
        {
            _read.Reset();
        }
    }

    /// <summary>The next keys in order of those that have not expired.</summary>
    public List<string> List(string after, long now, int count)
    {
        var keys = new List<string>();
        _list.Bind(1, after).Bind(2, now).Bind(3, count);
        try
        {
            while (_list.Step())
            {
                keys.Add(_list.Text(0));
            }
            return keys;
        }
        finally
        {
            _list.Reset();
        }
    }

    /// <summary>The next record numbers in order of expired sessions.</summary>
    public List<long> ListExpired(long after, long now, int count)
    {
        var records = new List<long>();
        _listExpired.Bind(1, after).Bind(2, now).Bind(3, count);
        try
        {
            while (_listExpired.Step())
            {
                records.Add(_listExpired.Int64(0));
            }
            return records;
        }
        finally
        {
            _listExpired.Reset();
        }
    }

    public void Dispose()
    {
        _read.Dispose();
        _list.Dispose();
        _listExpired.Dispose();
        _connection.Dispose();
    }

    /// <summary>From the row at which the statement stands. A session without entries has one row without an entry.</summary>
    private Dictionary<EntryKey, byte[]> ReadEntries()
    {
        var entries = new Dictionary<EntryKey, byte[]>();
        if (_read.IsNull(2))
        {
            return entries;
        }
        do
        {
            var key = new EntryKey(_read.Text(2), EntryKindText.Parse(_read.Text(3)), _read.Text(4));
            entries.Add(key, _read.Blob(5));
        }
        while (_read.Step());
        return entries;
    }
}
