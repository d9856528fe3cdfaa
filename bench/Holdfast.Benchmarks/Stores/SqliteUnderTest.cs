using System.Globalization;
using System.Text;
using Holdfast.Sqlite;
using Holdfast.Stores;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Holdfast.Benchmarks.Stores;

/// <summary>SQLite beside batched transactions of prepared statements, on a thread of their own, in a file as durable.</summary>
/// <param name="folder">Where the files are; deleted by who started the process.</param>
internal sealed class SqliteUnderTest(string folder) : StoreUnderTest
{
    /// <summary>As many as the store has in a transaction.</summary>
    private const int BatchSize = 256;

    private readonly SqliteSessionStore _store = new(new SqliteStoreOptions { Path = Path.Combine(folder, "holdfast.db") });

    public override ISessionStore Store => _store;

    public override Task<IReadOnlyList<IClickWriter>> OpenPeersAsync(SessionWrite click, IReadOnlyList<string> keys) => Task.FromResult<IReadOnlyList<IClickWriter>>(
    [
        new BareBatches(BatchSize, new RowsCommitter(Path.Combine(folder, "rows.db"), new BareClick(click), keys)),
        new BareBatches(BatchSize, new OneRowCommitter(Path.Combine(folder, "one-row.db"), new BareClick(click), keys)),
    ]);

    /// <summary>All that this process wrote to files. Source: proc(5), <c>wchar</c>.</summary>
    public override Task<long?> BytesWrittenAsync() => Task.FromResult<long?>(
        long.Parse(File.ReadLines("/proc/self/io").Single(line => line.StartsWith("wchar:", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture));

    public override ValueTask DisposeAsync() => _store.DisposeAsync();

    /// <summary>One connection with the store's settings, and its prepared statements.</summary>
    private abstract class Committer : IBareCommitter
    {
        private readonly SqliteConnection _connection;
        private readonly sqlite3_stmt _begin;
        private readonly sqlite3_stmt _commit;

        protected Committer(string file, string tables)
        {
            _connection = new SqliteConnection($"Data Source={file};Pooling=False");
            _connection.Open();
            using var command = _connection.CreateCommand();
            command.CommandText = $"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; {tables}";
            command.ExecuteNonQuery();
            _begin = Prepare("BEGIN IMMEDIATE");
            _commit = Prepare("COMMIT");
        }

        public void Commit(List<int> sessions)
        {
            Run(_begin);
            sessions.ForEach(Write);
            Run(_commit);
        }

        public void Dispose() => _connection.Dispose();

        protected abstract void Write(int session);

        protected sqlite3_stmt Prepare(string sql)
        {
            raw.sqlite3_prepare_v3(_connection.Handle!, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement);
            return statement;
        }

        protected void Run(sqlite3_stmt statement)
        {
            var code = raw.sqlite3_step(statement);
            if (code != raw.SQLITE_DONE)
            {
                SqliteException.ThrowExceptionForRC(code, _connection.Handle);
            }

            raw.sqlite3_reset(statement);
        }
    }

    /// <summary>The session's row and one for each entry, without a look at the revision.</summary>
    private sealed class RowsCommitter : Committer
    {
        private readonly BareClick _click;
        private readonly byte[][] _keys;
        private readonly byte[][] _slices;
        private readonly byte[][] _kinds;
        private readonly byte[][] _names;
        private readonly sqlite3_stmt _setRecord;
        private readonly sqlite3_stmt _setEntry;

        public RowsCommitter(string file, BareClick click, IReadOnlyList<string> keys) : base(
            file,
            """
            CREATE TABLE records (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT;
            CREATE TABLE entries (record INTEGER NOT NULL, slice TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL,
                PRIMARY KEY (record, slice, kind, name)) STRICT, WITHOUT ROWID;
            """)
        {
            _click = click;
            _keys = [.. keys.Select(Encoding.UTF8.GetBytes)];
            _slices = [.. click.Keys.Select(key => Encoding.UTF8.GetBytes(key.Slice))];
            _kinds = [.. click.Keys.Select(key => Encoding.UTF8.GetBytes(BareClick.KindOf(key)))];
            _names = [.. click.Keys.Select(key => Encoding.UTF8.GetBytes(key.Name))];
            _setRecord = Prepare(
                "INSERT INTO records (key, revision, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, expires_at = excluded.expires_at");
            _setEntry = Prepare(
                "INSERT INTO entries (record, slice, kind, name, value) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET value = excluded.value");
        }

        protected override void Write(int session)
        {
            raw.sqlite3_bind_text(_setRecord, 1, _keys[session]);
            raw.sqlite3_bind_int64(_setRecord, 2, _click.Next());
            raw.sqlite3_bind_int64(_setRecord, 3, _click.ExpiresAt);
            Run(_setRecord);
            for (var i = 0; i < _click.Keys.Length; i++)
            {
                raw.sqlite3_bind_int64(_setEntry, 1, session);
                raw.sqlite3_bind_text(_setEntry, 2, _slices[i]);
                raw.sqlite3_bind_text(_setEntry, 3, _kinds[i]);
                raw.sqlite3_bind_text(_setEntry, 4, _names[i]);
                raw.sqlite3_bind_blob(_setEntry, 5, _click.Values[i]);
                Run(_setEntry);
            }
        }
    }

    /// <summary>All of a click as one row.</summary>
    private sealed class OneRowCommitter : Committer
    {
        private readonly BareClick _click;
        private readonly byte[][] _keys;
        private readonly sqlite3_stmt _set;

        public OneRowCommitter(string file, BareClick click, IReadOnlyList<string> keys)
            : base(file, "CREATE TABLE rows (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;")
        {
            _click = click;
            _keys = [.. keys.Select(Encoding.UTF8.GetBytes)];
            _set = Prepare("INSERT INTO rows (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value");
        }

        protected override void Write(int session)
        {
            _click.Next();
            raw.sqlite3_bind_text(_set, 1, _keys[session]);
            raw.sqlite3_bind_blob(_set, 2, _click.Whole);
            Run(_set);
        }
    }
}
