using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Benchmarks.Micro;
using Holdfast.Connections;
using Holdfast.Sessions;
using Holdfast.State;
using Holdfast.Stores;

namespace Holdfast.Benchmarks.Stores;

/// <summary>Clicks through the real session objects: a click merges a member, with the tab's part (its fence, the event's ref), and is acked when the store has it.</summary>
internal sealed class SessionWriter : IClickWriter
{
    private static readonly PersistedView View = PersistedView.Of(typeof(ClickedView));
    private static readonly int Count = Array.FindIndex(View.Members, member => member.Name == nameof(ClickedView.Count));
    private static readonly int Rest = Array.FindIndex(View.Members, member => member.Name == nameof(ClickedView.Rest));

    private readonly WebApplication _app;
    private readonly Visit[] _visits;

    private SessionWriter(WebApplication app, Visit[] visits) => (_app, _visits) = (app, visits);

    /// <summary>Makes sessions, each opened by one tab and clicked once.</summary>
    /// <param name="store">Where they are kept.</param>
    /// <param name="keys">Their keys.</param>
    /// <param name="rest">How many bytes of other state each of them has, which no click changes.</param>
    public static async Task<SessionWriter> CreateAsync(ISessionStore store, IReadOnlyList<string> keys, int rest = 0)
    {
        var app = MicroServices.Build(store);
        var sessions = app.Services.GetRequiredService<SessionRegistry>();
        var visits = new Visit[keys.Count];
        for (var i = 0; i < visits.Length; i++)
        {
            visits[i] = new Visit(await sessions.UseAsync(keys[i], CancellationToken.None));
        }

        var other = Encoding.UTF8.GetBytes($"\"{new string('x', Math.Max(rest - 2, 0))}\"");
        await Task.WhenAll(visits.Select(visit => visit.ChangeAsync(rest == 0 ? [] : [new MemberChange(Rest, other)])));
        await Task.WhenAll(visits.Select(visit => visit.ClickAsync()));
        return new SessionWriter(app, visits);
    }

    /// <summary>Keys as long as those of visitors.</summary>
    public static string[] NewKeys(int count) => [.. Enumerable.Range(0, count).Select(_ => "anon:" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)))];

    /// <summary>What a click writes.</summary>
    public static async Task<SessionWrite> RecordAsync()
    {
        var store = new RecordingStore();
        await using var writer = await CreateAsync(store, NewKeys(1));
        await writer.ClickAsync(0);
        return store.Last!;
    }

    public Task ClickAsync(int session) => _visits[session].ClickAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var visit in _visits)
        {
            visit.Leave();
        }

        await _app.DisposeAsync();
    }

    /// <summary>One tab's instance of the view.</summary>
    private sealed class Visit : ILeaseHolder
    {
        private readonly Session _session;
        private readonly SliceLease _lease;
        private readonly string _document = Name();
        private TaskCompletionSource _acked = new();
        private long _awaited;
        private long _ref = 9_999; // As many digits as after a while.

        public Visit(Session session)
        {
            _session = session;
            _lease = session.Lease("/counter", View, new PageIdentity(InstanceName.New(), Name(), _document), isFresh: true, RecordOwner.Visitor, this);
        }

        public Task ClickAsync()
        {
            Span<byte> digits = stackalloc byte[20];
            Utf8Formatter.TryFormat(_ref, digits, out var length);
            return ChangeAsync([new MemberChange(Count, digits[..length].ToArray())]);
        }

        public Task ChangeAsync(List<MemberChange> changes)
        {
            var acked = _acked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Interlocked.Exchange(ref _awaited, long.MaxValue);
            var version = _session.Merge(_lease, View, changes, _document, ++_ref);
            Interlocked.Exchange(ref _awaited, version);
            OnDurable(); // It may have become so before it was known what to wait for.
            return acked.Task;
        }

        public void OnDurable()
        {
            if (_session.Durable >= Interlocked.Read(ref _awaited))
            {
                _acked.TrySetResult();
            }
        }

        public void OnSuperseded() => throw new InvalidOperationException("The instance was superseded. Nobody else writes these sessions: the fence or the store is at fault.");

        public void Leave()
        {
            _session.Return(_lease);
            _session.Release();
        }

        /// <summary>As the script names tabs and documents.</summary>
        private static string Name() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
    }

    /// <summary>Keeps the last write.</summary>
    private sealed class RecordingStore : ISessionStore
    {
        private readonly MemorySessionStore _store = new();

        public SessionWrite? Last { get; private set; }

        public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken) => _store.ReadAsync(key, knownRevision, cancellationToken);

        public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
        {
            Last = write;
            return _store.WriteAsync(key, write, cancellationToken);
        }

        public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) => _store.DeleteAsync(key, cancellationToken);

        public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => _store.ListAsync(cancellationToken);

        public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => _store.SweepAsync(cancellationToken);
    }

    private sealed class ClickedView : LiveView
    {
        [Persist]
        public int Count { get; set; }

        [Persist]
        public string Rest { get; set; } = "";
    }
}
