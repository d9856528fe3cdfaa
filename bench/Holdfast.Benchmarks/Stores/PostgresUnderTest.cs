using Holdfast.Postgres;
using Holdfast.Stores;
using Npgsql;

namespace Holdfast.Benchmarks.Stores;

/// <summary>PostgreSQL beside batched upserts: one round trip and one transaction for many sessions, two under way at a time.</summary>
/// <param name="connectionString">The server.</param>
internal sealed class PostgresUnderTest(string connectionString) : StoreUnderTest
{
    /// <summary>As many as the store has in a transaction.</summary>
    private const int BatchSize = 512;

    private readonly PostgresSessionStore _store = new(new PostgresStoreOptions { ConnectionString = connectionString });
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(connectionString);

    public override ISessionStore Store => _store;

    public override async Task<IReadOnlyList<IClickWriter>> OpenPeersAsync(SessionWrite click, IReadOnlyList<string> keys)
    {
        // As the store's tables, but for their checks.
        await using var tables = _source.CreateCommand(
            """
            CREATE TABLE records (key text COLLATE "C" PRIMARY KEY, revision bigint NOT NULL, expires_at bigint NOT NULL) WITH (fillfactor = 60);
            CREATE TABLE entries (record bigint NOT NULL, slice text NOT NULL, kind text NOT NULL, name text NOT NULL, value bytea NOT NULL,
              PRIMARY KEY (record, slice, kind, name)) WITH (fillfactor = 70);
            CREATE TABLE rows (key text COLLATE "C" PRIMARY KEY, value bytea NOT NULL) WITH (fillfactor = 70);
            """);
        await tables.ExecuteNonQueryAsync();
        return
        [
            new BareBatches(BatchSize, new RowsCommitter(_source, new BareClick(click), keys), new RowsCommitter(_source, new BareClick(click), keys)),
            new BareBatches(BatchSize, new OneRowCommitter(_source, new BareClick(click), keys), new OneRowCommitter(_source, new BareClick(click), keys)),
        ];
    }

    /// <summary>How far the server's write-ahead log has come.</summary>
    public override async Task<long?> BytesWrittenAsync()
    {
        await using var command = _source.CreateCommand("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public override async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _source.DisposeAsync();
    }

    /// <summary>The sessions' rows and one for each entry, without a look at the revision.</summary>
    private sealed class RowsCommitter : IBareCommitter
    {
        private readonly NpgsqlConnection _connection;
        private readonly NpgsqlBatch _batch;
        private readonly BareClick _click;
        private readonly IReadOnlyList<string> _keys;
        private readonly NpgsqlParameter<List<string>> _written = new() { TypedValue = [] };
        private readonly NpgsqlParameter<List<long>> _revisions = new() { TypedValue = [] };
        private readonly NpgsqlParameter<List<long>> _expiries = new() { TypedValue = [] };
        private readonly NpgsqlParameter<List<long>> _records = new() { TypedValue = [] };
        private readonly NpgsqlParameter<List<string>> _slices = new() { TypedValue = [] };
        private readonly NpgsqlParameter<List<string>> _kinds = new() { TypedValue = [] };
        private readonly NpgsqlParameter<List<string>> _names = new() { TypedValue = [] };
        private readonly NpgsqlParameter<List<byte[]>> _values = new() { TypedValue = [] };

        public RowsCommitter(NpgsqlDataSource source, BareClick click, IReadOnlyList<string> keys)
        {
            (_click, _keys) = (click, keys);
            _connection = source.OpenConnection();
            _batch = new NpgsqlBatch(_connection)
            {
                BatchCommands =
                {
                    new NpgsqlBatchCommand(
                        """
                        INSERT INTO records (key, revision, expires_at) SELECT * FROM unnest($1, $2, $3)
                        ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, expires_at = excluded.expires_at
                        """) { Parameters = { _written, _revisions, _expiries } },
                    new NpgsqlBatchCommand(
                        """
                        INSERT INTO entries (record, slice, kind, name, value) SELECT * FROM unnest($1, $2, $3, $4, $5)
                        ON CONFLICT (record, slice, kind, name) DO UPDATE SET value = excluded.value
                        """) { Parameters = { _records, _slices, _kinds, _names, _values } },
                },
            };
            _batch.Prepare();
        }

        public void Commit(List<int> sessions)
        {
            Clear();
            var revision = _click.Next();
            foreach (var session in sessions)
            {
                _written.TypedValue!.Add(_keys[session]);
                _revisions.TypedValue!.Add(revision);
                _expiries.TypedValue!.Add(_click.ExpiresAt);
                foreach (var (key, value) in _click.Keys.Zip(_click.Values))
                {
                    _records.TypedValue!.Add(session);
                    _slices.TypedValue!.Add(key.Slice);
                    _kinds.TypedValue!.Add(BareClick.KindOf(key));
                    _names.TypedValue!.Add(key.Name);
                    _values.TypedValue!.Add(value);
                }
            }

            _batch.ExecuteNonQuery();
        }

        public void Dispose()
        {
            _batch.Dispose();
            _connection.Dispose();
        }

        private void Clear()
        {
            _written.TypedValue!.Clear();
            _revisions.TypedValue!.Clear();
            _expiries.TypedValue!.Clear();
            _records.TypedValue!.Clear();
            _slices.TypedValue!.Clear();
            _kinds.TypedValue!.Clear();
            _names.TypedValue!.Clear();
            _values.TypedValue!.Clear();
        }
    }

    /// <summary>All of a click as one row.</summary>
    private sealed class OneRowCommitter : IBareCommitter
    {
        private readonly NpgsqlConnection _connection;
        private readonly NpgsqlCommand _command;
        private readonly BareClick _click;
        private readonly IReadOnlyList<string> _keys;
        private readonly NpgsqlParameter<List<string>> _written = new() { TypedValue = [] };
        private readonly NpgsqlParameter<List<byte[]>> _values = new() { TypedValue = [] };

        public OneRowCommitter(NpgsqlDataSource source, BareClick click, IReadOnlyList<string> keys)
        {
            (_click, _keys) = (click, keys);
            _connection = source.OpenConnection();
            _command = new NpgsqlCommand("INSERT INTO rows (key, value) SELECT * FROM unnest($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value", _connection)
            {
                Parameters = { _written, _values },
            };
            _command.Prepare();
        }

        public void Commit(List<int> sessions)
        {
            _written.TypedValue!.Clear();
            _values.TypedValue!.Clear();
            _click.Next();
            foreach (var session in sessions)
            {
                _written.TypedValue!.Add(_keys[session]);
                _values.TypedValue!.Add(_click.Whole);
            }

            _command.ExecuteNonQuery();
        }

        public void Dispose()
        {
            _command.Dispose();
            _connection.Dispose();
        }
    }
}
