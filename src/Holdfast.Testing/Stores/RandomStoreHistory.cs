using System.Text;
using Holdfast.Stores;
using Holdfast.Testing.Time;
using Xunit;

namespace Holdfast.Testing.Stores;

/// <summary>
/// Does random things to a store and to a dictionary, and asserts after each that both say the same. What has to have
/// happened for that to prove anything is counted.
/// </summary>
/// <param name="seed">Decides the history; the assertions name it.</param>
/// <param name="nodes">Stores on the same data; each step takes one of them.</param>
/// <param name="clock">The stores' clock; the history moves it.</param>
/// <param name="cancellationToken">Ends the run.</param>
internal sealed class RandomStoreHistory(
    int seed, IReadOnlyList<ISessionStore> nodes, FakeTimeProvider clock, CancellationToken cancellationToken)
{
    private static readonly string[] s_keys = ["a", "b", "A", "anon:c", "d.d"];

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, ModelSession> _model = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<long>> _revisions = s_keys.ToDictionary(key => key, _ => new List<long>());
    private readonly Dictionary<string, int> _witnesses = new(StringComparer.Ordinal);
    private int _step;

    private ISessionStore Node => nodes[_random.Next(nodes.Count)];

    public async Task RunAsync(int steps)
    {
        for (_step = 0; _step < steps; _step++)
        {
            var key = s_keys[_random.Next(s_keys.Length)];
            await (_random.Next(100) switch
            {
                < 45 => WriteAsync(key, CurrentRevision(key)),
                < 55 => WriteAsync(key, SomeRevision(key)),
                < 80 => ReadAsync(key, _random.Next(2) == 0 ? SomeRevision(key) : CurrentRevision(key)),
                < 86 => DeleteAsync(key),
                < 92 => MoveClockAsync(),
                < 97 => ListAsync(),
                _ => SweepAsync(),
            });
        }
        foreach (var key in s_keys)
        {
            await ReadAsync(key, 0);
        }
    }

    /// <summary>A run in which one of these never happened has proved nothing.</summary>
    public void AssertWitnesses()
    {
        string[] needed =
        [
            "created", "changed", "entry removed", "conflict on another revision", "conflict on a missing session",
            "conflict on an expired session", "conflict on an expired session's own revision", "created over an expired one", "read", "unchanged", "missing", "expired",
            "deleted", "deleted nothing", "listed", "swept",
        ];
        var never = needed.Where(witness => !_witnesses.ContainsKey(witness)).ToArray();
        Assert.True(never.Length == 0, $"seed {seed}: never happened: {string.Join(", ", never)}");
    }

    private async Task WriteAsync(string key, long expected)
    {
        var now = clock.GetUtcNow();
        var write = new SessionWrite(expected, now + TimeSpan.FromMinutes(_random.Next(1, 60)), RandomChanges(key));

        var result = await Node.WriteAsync(key, write, cancellationToken);

        var stored = _model.GetValueOrDefault(key);
        var live = Live(key);
        if (expected != (live?.Revision ?? 0))
        {
            Expect(!result.Committed, $"a write of '{key}' on {expected} should conflict, stored is {live?.Revision}");
            Witness(live is not null ? "conflict on another revision"
                : stored is null ? "conflict on a missing session"
                : stored.Revision == expected ? "conflict on an expired session's own revision" : "conflict on an expired session");
            return;
        }
        Expect(result.Committed, $"a write of '{key}' on {expected} should be committed");
        Expect(live is null ? !_revisions[key].Contains(result.Revision) : result.Revision > live.Revision,
            $"the new revision {result.Revision} of '{key}' follows {expected}");
        Witness(live is not null ? "changed" : stored is null ? "created" : "created over an expired one");
        var entries = live?.Entries ?? [];
        foreach (var (entry, value) in write.Changes)
        {
            if (value is not null)
            {
                entries[entry] = value;
            }
            else if (entries.Remove(entry))
            {
                Witness("entry removed");
            }
        }
        _model[key] = new ModelSession(result.Revision, write.ExpiresAt, entries);
        _revisions[key].Add(result.Revision);
    }

    private async Task ReadAsync(string key, long known)
    {
        var result = await Node.ReadAsync(key, known, cancellationToken);

        var status = Live(key) is not { } live ? SessionReadStatus.Missing
            : live.Revision == known ? SessionReadStatus.Unchanged : SessionReadStatus.Read;
        Expect(result.Status == status, $"a read of '{key}' at {known} gave {result.Status}, not {status}");
        Witness(status switch
        {
            SessionReadStatus.Unchanged => "unchanged",
            SessionReadStatus.Read => "read",
            _ => _model.ContainsKey(key) ? "expired" : "missing",
        });
        if (result.Session is { } session)
        {
            AssertSame(key, session, _model[key]);
        }
    }

    private async Task DeleteAsync(string key)
    {
        var deleted = await Node.DeleteAsync(key, cancellationToken);

        Expect(deleted == (Live(key) is not null), $"a delete of '{key}' gave {deleted}");
        _model.Remove(key);
        Witness(deleted ? "deleted" : "deleted nothing");
    }

    private async Task ListAsync()
    {
        var listed = new List<string>();
        await foreach (var key in Node.ListAsync(cancellationToken))
        {
            listed.Add(key);
        }

        var live = s_keys.Where(key => Live(key) is not null).ToArray();
        Expect(live.Length == listed.Count && live.ToHashSet().SetEquals(listed),
            $"a list gave {string.Join(", ", listed)}, not {string.Join(", ", live)}");
        if (live.Length > 0)
        {
            Witness("listed");
        }
    }

    private async Task SweepAsync()
    {
        var swept = await Node.SweepAsync(cancellationToken);

        var expired = _model.Keys.Where(key => Live(key) is null).ToArray();
        Expect(swept == expired.Length, $"a sweep removed {swept}, not {expired.Length}");
        foreach (var key in expired)
        {
            _model.Remove(key);
            Witness("swept");
        }
    }

    private Task MoveClockAsync()
    {
        // Never to the very moment of an expiry: which side that is on, stores may see differently.
        do
        {
            clock.Advance(TimeSpan.FromSeconds(_random.Next(1, 1_200)));
        }
        while (_model.Values.Any(session => (session.ExpiresAt - clock.GetUtcNow()).Duration() < TimeSpan.FromSeconds(1)));
        return Task.CompletedTask;
    }

    private ModelSession? Live(string key) =>
        _model.GetValueOrDefault(key) is { } session && session.ExpiresAt > clock.GetUtcNow() ? session : null;

    private long CurrentRevision(string key) => Live(key)?.Revision ?? 0;

    /// <summary>Often one that is not stored: none, a future one, an older one, or that of a session that is gone.</summary>
    private long SomeRevision(string key) => _random.Next(6) switch
    {
        0 => 0,
        1 => CurrentRevision(key) + 1,
        2 or 3 when _revisions[key] is { Count: > 0 } past => past[^1],
        _ when _revisions[key] is { Count: > 0 } past => past[_random.Next(past.Count)],
        _ => 1,
    };

    private EntryChange[] RandomChanges(string key) =>
    [
        .. Enumerable.Range(0, _random.Next(6))
            .Select(_ => RandomEntry())
            .Distinct()
            .Select(entry => new EntryChange(entry, _random.Next(3) == 0 ? null : RandomValue(key))),
    ];

    private EntryKey RandomEntry()
    {
        var slice = _random.Next(2) == 0 ? "/page" : "/page/{id}'s";
        return _random.Next(3) switch
        {
            0 => new EntryKey(slice, EntryKind.Slice, ""),
            1 => new EntryKey(slice, EntryKind.Member, $"Member{_random.Next(4)}"),
            _ => new EntryKey(slice, EntryKind.Tab, $"tab {_random.Next(2)}"),
        };
    }

    private byte[] RandomValue(string key) => _random.Next(10) switch
    {
        0 => [],
        1 => new byte[_random.Next(10_000)],
        _ => Encoding.UTF8.GetBytes($"{key} at {_step}"),
    };

    private void AssertSame(string key, StoredSession session, ModelSession model)
    {
        Expect(session.Revision == model.Revision, $"'{key}' has the revision {session.Revision}, not {model.Revision}");
        Expect(session.ExpiresAt == model.ExpiresAt, $"'{key}' expires at {session.ExpiresAt}, not {model.ExpiresAt}");
        Expect(session.Entries.Count == model.Entries.Count,
            $"'{key}' has {session.Entries.Count} entries, not {model.Entries.Count}");
        foreach (var (entry, value) in model.Entries)
        {
            Expect(session.Entries.TryGetValue(entry, out var stored) && value.AsSpan().SequenceEqual(stored),
                $"{entry} of '{key}' differs");
        }
    }

    private void Witness(string what) => _witnesses[what] = _witnesses.GetValueOrDefault(what) + 1;

    private void Expect(bool holds, string what) => Assert.True(holds, $"seed {seed}, step {_step}: {what}");

    private sealed record ModelSession(long Revision, DateTimeOffset ExpiresAt, Dictionary<EntryKey, byte[]> Entries);
}
