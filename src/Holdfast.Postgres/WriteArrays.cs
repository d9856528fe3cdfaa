using Npgsql;

namespace Holdfast.Postgres;

/// <summary>The writes of many sessions as the arrays that <c>write.sql</c> takes. Owns the lists, which are used again for the next batch. Called by
/// one writer at a time.</summary>
internal sealed class WriteArrays
{
    private readonly List<string> _keys = [];
    private readonly List<long> _expected = [];
    private readonly List<long> _revisions = [];
    private readonly List<long> _expiries = [];
    private readonly List<int> _removals = [];
    private readonly List<Guid> _removed = [];
    private readonly List<int> _changes = [];
    private readonly List<Guid> _hashes = [];
    private readonly List<string> _slices = [];
    private readonly List<string> _kinds = [];
    private readonly List<string> _names = [];
    private readonly List<byte[]> _contents = [];

    /// <summary>The arguments for these operations, each of another session, sorted by key.</summary>
    /// <param name="operations">What to write.</param>
    /// <param name="now">Unix time in milliseconds.</param>
    public NpgsqlParameter[] Fill(IReadOnlyList<WriteOperation> operations, long now)
    {
        Clear();
        foreach (var operation in operations)
        {
            Add(operation);
        }

        return
        [
            new NpgsqlParameter<long> { TypedValue = now },
            new NpgsqlParameter<List<string>> { TypedValue = _keys },
            new NpgsqlParameter<List<long>> { TypedValue = _expected },
            new NpgsqlParameter<List<long>> { TypedValue = _revisions },
            new NpgsqlParameter<List<long>> { TypedValue = _expiries },
            new NpgsqlParameter<List<int>> { TypedValue = _removals },
            new NpgsqlParameter<List<Guid>> { TypedValue = _removed },
            new NpgsqlParameter<List<int>> { TypedValue = _changes },
            new NpgsqlParameter<List<Guid>> { TypedValue = _hashes },
            new NpgsqlParameter<List<string>> { TypedValue = _slices },
            new NpgsqlParameter<List<string>> { TypedValue = _kinds },
            new NpgsqlParameter<List<string>> { TypedValue = _names },
            new NpgsqlParameter<List<byte[]>> { TypedValue = _contents },
        ];
    }

    /// <summary>Lets go of the sessions' bytes.</summary>
    public void Clear()
    {
        _keys.Clear();
        _expected.Clear();
        _revisions.Clear();
        _expiries.Clear();
        _removals.Clear();
        _removed.Clear();
        _changes.Clear();
        _hashes.Clear();
        _slices.Clear();
        _kinds.Clear();
        _names.Clear();
        _contents.Clear();
    }

    private void Add(WriteOperation operation)
    {
        _keys.Add(operation.Key);
        _expected.Add(operation.ExpectedRevision);
        _revisions.Add(operation.Revision);
        _expiries.Add(operation.ExpiresAt);
        for (var i = 0; i < operation.Changes.Count; i++)
        {
            var (key, value) = operation.Changes[i];
            if (value is null)
            {
                _removals.Add(_keys.Count);
                _removed.Add(operation.Hashes[i]);
            }
            else
            {
                _changes.Add(_keys.Count);
                _hashes.Add(operation.Hashes[i]);
                _slices.Add(key.Slice);
                _kinds.Add(EntryKindText.Of(key.Kind));
                _names.Add(key.Name);
                _contents.Add(value);
            }
        }
    }
}
