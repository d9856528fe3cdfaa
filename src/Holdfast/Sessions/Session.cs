using System.Diagnostics.CodeAnalysis;
using Holdfast.Diagnostics;
using Holdfast.State;
using Holdfast.Stores;

namespace Holdfast.Sessions;

/// <summary>
/// The truth about one session on this node. Owns its slices, what of them is not yet durable, and the one write in flight. Every member may be
/// called from any thread.
/// </summary>
/// <remarks>
/// <para><b>Turns.</b> A tab takes the session's turn to take over what others changed, run a queue item up to its first incomplete await, and merge
/// what it changed: two tabs on one node never overwrite each other's increments.</para>
/// <para><b>Writing.</b> A merged change raises <see cref="_version"/>; the writer writes everything that is unsaved by compare-and-set, one write at a
/// time, and then everything up to that version is durable. A failing store is asked again without end, with back-off.</para>
/// <para><b>The fence.</b> Each tab's part of a slice names the instance that wrote it last. When a write conflicts, the session is read again: where the
/// fence is not the one that this node last knew, another node has mounted the tab, and everything unsaved in that slice is dropped: its
/// instances are superseded and their unacked events come again. Otherwise the unsaved members are laid over what was read, and written again. See
/// docs/decisions/003-the-ack-and-the-fence.md.</para>
/// </remarks>
internal sealed class Session(string key, ISessionStore store, SessionLimits limits, TimeProvider time, StoreMetrics metrics, Action<Session> unused, Action<string>? revoked = null)
{
    // Chosen: shorter than a person notices, and long enough that a store which comes back is not hammered.
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private SemaphoreSlim? _posts;
    private readonly Dictionary<string, Slice> _slices = new(StringComparer.Ordinal);
    private readonly List<Slice> _unsaved = [];
    private readonly List<Slice> _inFlight = [];
    private readonly Ownership _ownership = new();
    private readonly CancellationTokenSource _abandon = new();
    private long _revision;
    private long _version;
    private long _durable;
    private SliceLease[] _leases = [];
    private bool _touch;
    private long _drops;
    private bool _writing;
    private bool _retired;
    private int _users;
    private DateTimeOffset _expiresAt;
    private TaskCompletionSource? _drained;
    private TaskCompletionSource? _becameDurable;

    /// <summary>Completes when the write in flight was answered, or failed.</summary>
    private TaskCompletionSource? _answered;

    public string Key => key;

    /// <summary>The version of the last change.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Up to which version everything is durable.</summary>
    public long Durable => Volatile.Read(ref _durable);

    /// <summary>Whether the store failed at the last write, so that changes are kept here only.</summary>
    public bool IsStoreFailing { get; private set; }

    /// <summary>Whether the store has the record, as far as this node knows.</summary>
    public bool Exists
    {
        get
        {
            lock (_gate)
            {
                return _revision != 0;
            }
        }
    }

    // ---- use ----

    /// <summary>Counts one more user, unless the object was already given up.</summary>
    public bool TryUse()
    {
        lock (_gate)
        {
            if (_retired)
            {
                return false;
            }

            _users++;
            return true;
        }
    }

    /// <summary>Ends a use. When nobody uses the object any more and nothing is unsaved, it is retired for good.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _users--;
            RetireIfUnused();
        }
    }

    // ---- turns ----

    /// <summary>Takes the turn if nobody has it; else <see cref="EnterTurnAsync"/> waits for it.</summary>
    public bool TryEnterTurn() => _turn.Wait(0);

    public Task EnterTurnAsync(CancellationToken cancellationToken) => _turn.WaitAsync(cancellationToken);

    public void ExitTurn() => _turn.Release();

    // ---- posts ----

    /// <summary>POSTs run one after another, so that none meets what another is about to change.</summary>
    public Task EnterPostAsync(CancellationToken cancellationToken) => LazyInitializer.EnsureInitialized(ref _posts, static () => new SemaphoreSlim(1, 1)).WaitAsync(cancellationToken);

    public void ExitPost() => _posts!.Release();

    /// <summary>What a POST left for the page that follows it: the JSON of a member of its tab, or null.</summary>
    public byte[]? ReadCarried(string sliceKey, string carried, PersistedMember member)
    {
        lock (_gate)
        {
            return _slices.TryGetValue(sliceKey, out var slice) && slice.Tabs.TryGetValue(carried, out var tab) && tab.Part.Members.TryGetValue(member.Name, out var own)
                ? own.Json
                : null;
        }
    }

    // ---- reading ----

    /// <summary>Takes over what other nodes wrote before the call. While the store fails at writes it is not asked: what is unsaved here is the newest that there is to show.</summary>
    /// <remarks>A write in flight may have been answered before others wrote, or be about to conflict: what is read beside it counts only where it is what is known here, and else when the write
    /// was answered. The second write that is answered meanwhile began after the call, and its success says that nobody else had written.</remarks>
    /// <exception cref="Exception">What the store throws when it cannot be read.</exception>
    public async ValueTask RefreshAsync(CancellationToken cancellationToken)
    {
        for (var answered = 0; answered < 2;)
        {
            long known;
            lock (_gate)
            {
                if (_writing && IsStoreFailing)
                {
                    return;
                }

                known = _revision;
            }

            var read = await store.ReadAsync(key, known, cancellationToken).ConfigureAwait(false);
            if (TryTakeOver(read, known, out var answer))
            {
                return;
            }

            await answer.WaitAsync(cancellationToken).ConfigureAwait(false);
            answered++;
        }
    }

    /// <returns>False when it may only be looked at when the write in flight was answered, which <paramref name="answer"/> tells.</returns>
    private bool TryTakeOver(SessionReadResult read, long known, out Task answer)
    {
        List<SliceLease> superseded;
        answer = Task.CompletedTask;
        lock (_gate)
        {
            if (_revision != known)
            {
                return false;
            }

            if (read.Status == SessionReadStatus.Unchanged || (_writing && known == 0 && read.Session is null))
            {
                return true;
            }

            if (_writing)
            {
                _answered ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                answer = _answered.Task;
                return false;
            }

            superseded = Reconcile(read.Session);
            NoteAllDurable();
        }

        Tell(superseded);
        return true;
    }

    /// <summary>What a view can do with a slice: from then on it is of the view's version here.</summary>
    public SliceStatus Look(string sliceKey, PersistedView view)
    {
        lock (_gate)
        {
            return _slices.TryGetValue(sliceKey, out var slice) ? slice.Use(view, metrics) : SliceStatus.Empty;
        }
    }

    /// <summary>The stored JSON of a member for a GET, where there is no tab: only members of scope Session are found.</summary>
    public byte[]? ReadShared(string sliceKey, PersistedMember member)
    {
        lock (_gate)
        {
            return member.Scope == Scope.Session && _slices.TryGetValue(sliceKey, out var slice) && slice.Members.TryGetValue(member.Name, out var stored)
                ? stored.Json
                : null;
        }
    }

    // ---- whose it is ----

    /// <summary>Whose the record is.</summary>
    public RecordOwner Owner
    {
        get
        {
            lock (_gate)
            {
                return _ownership.Owner;
            }
        }
    }

    /// <summary>Whether a claim still counts: it is the owner's, and nothing of its generation was revoked.</summary>
    public bool Admits(RecordOwner claimed)
    {
        lock (_gate)
        {
            return IsAdmitted(claimed);
        }
    }

    private bool IsAdmitted(RecordOwner claimed) => _ownership.Admits(claimed, exists: _revision != 0);

    /// <summary>
    /// Gives the record to another owner, in one write: every claim of before is dead, and the instances that hold one end.
    /// </summary>
    /// <param name="expected">Whose it was.</param>
    /// <param name="next">Whose it is then, of a later generation.</param>
    /// <param name="keepsState">Whether the state is carried over; else it is deleted in the same write.</param>
    /// <param name="cancellationToken">Ends the wait; the change is made all the same.</param>
    /// <returns>False when it had another owner already, or another node was quicker; nothing was changed then.</returns>
    public async Task<bool> ChangeOwnerAsync(RecordOwner expected, RecordOwner next, bool keepsState, CancellationToken cancellationToken)
    {
        bool write;
        List<SliceLease> superseded;
        lock (_gate)
        {
            if (_ownership.Owner != expected)
            {
                return false;
            }

            _ownership.Change(next, keepsState);
            _version++;
            foreach (var slice in keepsState ? [] : _slices.Values.ToArray())
            {
                slice.Clear(null, _version);
                MarkUnsaved(slice);
            }

            superseded = SupersedeWhere(lease => !IsAdmitted(lease.Claim));
            write = StartWriting();
        }

        if (write)
        {
            _ = WriteAsync();
        }

        Tell(superseded);
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        return Owner == next;
    }

    /// <summary>Lays another record's members and tabs over this one's: a visitor's state is carried over to a user who has some already. What is of another version than the user's, where no view in use here
    /// takes both, is left behind.</summary>
    /// <remarks>Where another node writes one of these tabs meanwhile, what was laid over is dropped with it, and laid over again.</remarks>
    /// <exception cref="ForeignRecordException">This record is another's by now.</exception>
    public async Task CarryOverAsync(Session visitor, RecordOwner claim, CancellationToken cancellationToken)
    {
        var copies = visitor.CopyState();
        for (var drops = -1L; drops != Interlocked.Read(ref _drops);)
        {
            drops = Overlay(copies, claim);
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>How often something unsaved had been dropped until then.</returns>
    private long Overlay(List<Slice.Copy> copies, RecordOwner claim)
    {
        bool write;
        long drops;
        lock (_gate)
        {
            _ownership.Enter(claim, exists: _revision != 0);
            drops = _drops;
            _version++;
            foreach (var copy in copies)
            {
                if (!_slices.TryGetValue(copy.Key, out var slice))
                {
                    _slices.Add(copy.Key, slice = new Slice(copy.Key));
                }

                if (slice.Overlay(copy, _version, metrics))
                {
                    MarkUnsaved(slice);
                }
                else
                {
                    metrics.NotCarriedOver(copy.Key, copy.Version, slice.Version);
                }
            }

            write = StartWriting();
        }

        if (write)
        {
            _ = WriteAsync();
        }

        return drops;
    }

    private List<Slice.Copy> CopyState()
    {
        lock (_gate)
        {
            return [.. _slices.Values.Select(slice => slice.CopyState()).Where(copy => copy.Members.Count + copy.Tabs.Count > 0)];
        }
    }

    /// <summary>Deletes a view's state, but for what its tab needs to know which events are settled. Its other instances end, and begin anew.</summary>
    /// <param name="lease">The instance that asks. It must begin anew too.</param>
    /// <param name="document">The document whose event asks, or null.</param>
    /// <param name="settled">That event.</param>
    /// <returns>The version that must be durable before the event may be acked, or −1 when the lease is superseded.</returns>
    public long Clear(SliceLease lease, string? document, long settled)
    {
        bool write;
        long version;
        List<SliceLease> superseded;
        lock (_gate)
        {
            if (IsFencedOff(lease, out var tab))
            {
                return -1;
            }

            lease.Slice.Clear(lease.Tab, _version + 1);
            _ownership.Revoke();
            if (document is not null)
            {
                tab.Part.RaiseWatermark(document, settled);
            }

            Raise(lease.Slice, tab, lease);
            lease.Shown = _version;
            superseded = SupersedeWhere(other => other.Slice == lease.Slice && other != lease);
            version = _version;
            write = StartWriting();
        }

        if (write)
        {
            _ = WriteAsync();
        }

        Tell(superseded);
        return version;
    }

    private List<SliceLease> SupersedeWhere(Func<SliceLease, bool> isOutdated)
    {
        var superseded = _leases.Where(lease => !lease.IsSuperseded && isOutdated(lease)).ToList();
        superseded.ForEach(lease => lease.Supersede());
        return superseded;
    }

    /// <summary>A newer instance of the tab has written, or the lease was ended.</summary>
    private bool IsFencedOff(SliceLease lease, [NotNullWhen(false)] out Slice.Tab? tab)
    {
        var fence = lease.Slice.Tabs.TryGetValue(lease.Tab, out tab) ? tab.Part.Fence : Fence.None;
        if (!lease.IsSuperseded && (!limits.IsFenced || fence == lease.Fence))
        {
            tab ??= lease.Slice.GetOrAddTab(lease.Tab);
            return false;
        }

        lease.Supersede();
        return true;
    }

    // ---- leases ----

    /// <summary>Gives a new instance the right to write a slice, on top of what is known now.</summary>
    /// <param name="sliceKey">The slice.</param>
    /// <param name="view">The view.</param>
    /// <param name="identity">The instance, and its tab.</param>
    /// <param name="isFresh">Whether the page was opened anew, so that the tab's Reconnect members are forgotten.</param>
    /// <param name="holder">Is told what becomes of the lease.</param>
    /// <param name="claim">As whose.</param>
    /// <exception cref="ForeignRecordException">The record is another's, or the claim was revoked.</exception>
    public SliceLease Lease(string sliceKey, PersistedView view, PageIdentity identity, bool isFresh, RecordOwner claim, ILeaseHolder holder)
    {
        bool write;
        SliceLease lease;
        lock (_gate)
        {
            _ownership.Enter(claim, exists: _revision != 0);
            if (!_slices.TryGetValue(sliceKey, out var slice))
            {
                _slices.Add(sliceKey, slice = new Slice(sliceKey));
            }

            lease = new SliceLease(this, slice, identity.Tab, identity.Instance, claim, holder)
            {
                Carried = identity.Carried,
                IsBeforePatch = view.IsBeforePatch && identity.Carried is null,
                Fence = slice.Tabs.TryGetValue(identity.Tab, out var known) ? known.Part.Fence : Fence.None,
                Seen = _version,
                Written = 0,
            };
            _leases = [.. _leases, lease];
            if (slice.Use(view, metrics) is SliceStatus.OtherVersion or SliceStatus.Failed)
            {
                lease.Supersede(); // Another node's write was met since the mount looked.
                return lease;
            }

            _touch |= _revision != 0 && _expiresAt - time.GetUtcNow() < limits.Lifetime * 0.75; // A visit is use.
            if (isFresh && known is not null && known.Part.ClearReconnectMembers())
            {
                slice.Measure(identity.Tab, known);
                Raise(slice, known, lease);
            }

            write = StartWriting();
        }

        if (write)
        {
            _ = WriteAsync();
        }

        return lease;
    }

    /// <summary>Is told when a record changes hands that the holder's page does not keep its state in.</summary>
    /// <exception cref="ForeignRecordException">The record is another's, or the claim was revoked.</exception>
    public SliceLease Watch(PageIdentity identity, RecordOwner claim, ILeaseHolder holder)
    {
        lock (_gate)
        {
            _ownership.Enter(claim, exists: _revision != 0);
            var lease = new SliceLease(this, new Slice(""), identity.Tab, identity.Instance, claim, holder);
            _leases = [.. _leases, lease];
            return lease;
        }
    }

    public void Return(SliceLease lease)
    {
        lock (_gate)
        {
            _leases = [.. _leases.Where(other => other != lease)];
            RetireIfUnused();
        }
    }

    /// <summary>The stored JSON of a member for the lease's tab, or null.</summary>
    public byte[]? Read(SliceLease lease, PersistedMember member)
    {
        lock (_gate)
        {
            lease.Shown = _version;
            if (member.Scope == Scope.Session)
            {
                return lease.Slice.Members.TryGetValue(member.Name, out var shared) ? shared.Json : null;
            }

            return lease.Slice.Tabs.TryGetValue(lease.Tab, out var tab) && tab.Part.Members.TryGetValue(member.Name, out var own) ? own.Json : null;
        }
    }

    /// <summary>The highest settled ref of a document of the lease's tab.</summary>
    public long Watermark(SliceLease lease, string document)
    {
        lock (_gate)
        {
            return lease.Slice.Tabs.TryGetValue(lease.Tab, out var tab) ? tab.Part.Watermark(document) : 0;
        }
    }

    /// <summary>Gives the lease's view what others changed since it last looked. Called within the turn.</summary>
    /// <returns>Whether there was anything.</returns>
    public bool TakeOver(SliceLease lease, ViewState state)
    {
        List<MemberChange>? changes = null;
        lock (_gate)
        {
            if (lease.Slice.ChangedAt <= lease.Seen)
            {
                return false;
            }

            for (var i = 0; i < state.Type.Members.Length; i++)
            {
                var member = state.Type.Members[i];
                if (member.Scope == Scope.Session
                    && lease.Slice.Members.TryGetValue(member.Name, out var shared)
                    && shared.ChangedAt > lease.Seen
                    && !ReferenceEquals(shared.ChangedBy, lease))
                {
                    (changes ??= []).Add(new MemberChange(i, shared.Json));
                }
            }

            lease.Seen = lease.Shown = _version;
        }

        foreach (var change in changes ?? [])
        {
            state.TakeOver(change.Member, change.Json);
        }

        return changes is not null;
    }

    // ---- changing ----

    /// <summary>
    /// Merges what one instance changed, with the ref of the event that changed it, and starts the writer. All of it becomes durable in one write.
    /// </summary>
    /// <returns>The version that must be durable before the event may be acked, or −1 when the lease is superseded.</returns>
    /// <exception cref="StateException">The slice or the session would be over its limit; nothing was merged.</exception>
    public long Merge(SliceLease lease, PersistedView type, List<MemberChange> changes, string? document, long settled)
    {
        bool write;
        long version;
        lock (_gate)
        {
            if (IsFencedOff(lease, out var tab))
            {
                return -1;
            }

            try
            {
                MakeRoom(lease, tab, type, changes);
            }
            catch (StateException)
            {
                if (StartWriting())
                {
                    _ = Task.Run(WriteAsync); // What was removed is not enough, and removed.
                }

                throw;
            }

            foreach (var change in changes)
            {
                var member = type.Members[change.Member];
                if (member.Scope == Scope.Session)
                {
                    lease.Slice.SetMember(member.Name, new Slice.Member(change.Json, _version + 1, lease));
                }
                else
                {
                    SetTabMember(lease, tab, member, change.Json);
                }
            }

            lease.Slice.DropCarried(lease.Carried);

            if (document is not null)
            {
                tab.Part.RaiseWatermark(document, settled);
            }

            Raise(lease.Slice, tab, lease);
            version = lease.Shown = _version;
            write = StartWriting();
        }

        if (write)
        {
            _ = WriteAsync();
        }

        return version;
    }

    private static void SetTabMember(SliceLease lease, Slice.Tab tab, PersistedMember member, byte[] json)
    {
        if (lease.Tab != TabPart.OfPosts)
        {
            tab.Part.SetMember(member.Name, json, member.Scope == Scope.Reconnect);
        }

        if (lease.Carried is { } carried)
        {
            var left = lease.Slice.GetOrAddTab(carried);
            left.Part.SetMember(member.Name, json, member.Scope == Scope.Reconnect);
            left.Part.SeenAt = tab.Part.SeenAt;
            left.IsUnsaved = true;
            lease.Slice.Measure(carried, left);
        }
    }

    /// <summary>Moves the expiry of a session that a page holds open, when a good part of its lifetime has passed.</summary>
    public void KeepAlive()
    {
        bool write;
        lock (_gate)
        {
            if (_revision == 0 || _leases.Length == 0)
            {
                return;
            }

            _touch |= _expiresAt - time.GetUtcNow() <= limits.Lifetime * 0.75;
            if (Size > limits.MaxSessionBytes / 2)
            {
                NoteSeen();
            }

            write = StartWriting();
        }

        if (write)
        {
            _ = WriteAsync();
        }
    }

    /// <summary>Stores that open tabs are in use, before another node takes what they have for abandoned.</summary>
    private void NoteSeen()
    {
        foreach (var lease in _leases)
        {
            if (!lease.IsSuperseded
                && lease.Slice.Tabs.TryGetValue(lease.Tab, out var tab)
                && tab.Part.Fence == lease.Fence
                && Minute - tab.Part.SeenAt > Eviction.SeenLately.TotalMinutes / 2)
            {
                Raise(lease.Slice, tab, lease);
            }
        }
    }

    /// <summary>Waits until everything is durable.</summary>
    public Task FlushAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_writing)
            {
                return Task.CompletedTask;
            }

            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Waits until all that is known here now is durable, whatever changes meanwhile.</summary>
    public async Task UntilDurableAsync(CancellationToken cancellationToken)
    {
        var version = Version;
        while (true)
        {
            Task next;
            lock (_gate)
            {
                if (_durable >= version)
                {
                    return;
                }

                _becameDurable ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                next = _becameDurable.Task;
            }

            await next.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Gives up what is unsaved and ends the writer: the process ends.</summary>
    public void Abandon() => _abandon.Cancel();

    // ---- the writer ----

    private void Raise(Slice slice, Slice.Tab tab, SliceLease lease)
    {
        _version++;
        tab.Part.SeenAt = Minute;
        slice.Measure(lease.Tab, tab);
        tab.Part.Fence = new Fence(lease.Instance, tab.Part.Fence.Count + 1);
        tab.IsUnsaved = true;
        lease.Fence = tab.Part.Fence;
        lease.Written = _version;
        MarkUnsaved(slice);
    }

    /// <summary>Now, in minutes since 1970: as fine as it is stored when a tab was last seen.</summary>
    private long Minute => time.GetUtcNow().ToUnixTimeSeconds() / 60;

    private void MarkUnsaved(Slice slice)
    {
        if (!_unsaved.Contains(slice))
        {
            _unsaved.Add(slice);
        }
    }

    /// <summary>Returns whether the caller must start <see cref="WriteAsync"/> after it left the gate.</summary>
    private bool StartWriting()
    {
        if (_writing || !HasUnsaved)
        {
            return false;
        }

        return _writing = true;
    }

    private bool HasUnsaved => _touch || _ownership.IsChanging || _unsaved.Count > 0;

    private async Task WriteAsync()
    {
        var delay = FirstDelay;
        while (true)
        {
            SessionWrite write;
            long version;
            lock (_gate)
            {
                if (!HasUnsaved)
                {
                    StopWriting();
                    return;
                }

                write = BuildWrite();
                version = _version;
            }

            try
            {
                var started = time.GetTimestamp();
                var result = await store.WriteAsync(key, write, _abandon.Token).ConfigureAwait(false);
                metrics.Wrote(time.GetElapsedTime(started), result.Committed);
                if (result.Committed)
                {
                    Commit(result.Revision, write.ExpiresAt, version);
                }
                else
                {
                    var read = await store.ReadAsync(key, 0, _abandon.Token).ConfigureAwait(false);
                    Conflict(read.Session);
                }

                IsStoreFailing = false;
                delay = FirstDelay;
                TellAnswered();
            }
            catch (OperationCanceledException) when (_abandon.IsCancellationRequested)
            {
                TellAnswered();
                return;
            }
            catch (Exception exception)
            {
                IsStoreFailing = true;
                metrics.WriteFailed(exception, delay);
                lock (_gate)
                {
                    KeepUnsaved();
                }

                TellAnswered();

                await Task.Delay(delay, time, _abandon.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (_abandon.IsCancellationRequested)
                {
                    return;
                }

                delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
            }
        }
    }

    private void TellAnswered()
    {
        lock (_gate)
        {
            _answered?.SetResult();
            _answered = null;
        }
    }

    private SessionWrite BuildWrite()
    {
        var changes = new List<EntryChange>(4);
        _ownership.AddTo(changes);
        foreach (var slice in _unsaved)
        {
            slice.AddTo(changes);
            slice.Send();
            _inFlight.Add(slice);
        }

        _unsaved.Clear();
        _touch = false;
        _ownership.Send();
        return new SessionWrite(_revision, time.GetUtcNow() + limits.Lifetime, changes);
    }

    private void Commit(long revision, DateTimeOffset expiresAt, long version)
    {
        SliceLease[] leases;
        bool isRevoked;
        lock (_gate)
        {
            isRevoked = _ownership.Committed();
            _revision = revision;
            _expiresAt = expiresAt;
            foreach (var slice in _inFlight)
            {
                slice.Committed();
            }

            _inFlight.Clear();
            NoteDurable(version);
            leases = _leases;
        }

        if (isRevoked)
        {
            revoked?.Invoke(key);
        }

        foreach (var lease in leases)
        {
            if (lease.Written <= version || lease.IsBeforePatch)
            {
                lease.Holder.OnDurable();
            }
        }
    }

    /// <summary>Puts what was sent, but is not known to be stored, back to what is unsaved.</summary>
    private void KeepUnsaved()
    {
        foreach (var slice in _inFlight)
        {
            slice.KeepUnsaved();
            MarkUnsaved(slice);
        }

        _inFlight.Clear();
        _ownership.KeepUnsaved();
    }

    private void Conflict(StoredSession? stored)
    {
        List<SliceLease> superseded;
        SliceLease[] waiting;
        lock (_gate)
        {
            KeepUnsaved();
            superseded = Reconcile(stored);
            waiting = _unsaved.Count == 0 ? [.. _leases.Where(lease => lease.IsBeforePatch)] : []; // No write of ours will tell them.
        }

        Tell(superseded);
        foreach (var lease in waiting)
        {
            lease.Holder.OnDurable();
        }
    }

    /// <summary>Lays what is unsaved here over what is stored; where another node has mounted one of our tabs, drops ours instead.</summary>
    private List<SliceLease> Reconcile(StoredSession? stored)
    {
        var superseded = new List<SliceLease>();
        var bySlice = (stored?.Entries ?? new Dictionary<EntryKey, byte[]>()).Where(entry => entry.Key != RecordOwner.Entry).ToLookup(entry => entry.Key.Slice);
        var isAnothers = _ownership.TakeOver(stored);
        _revision = stored?.Revision ?? 0;
        _expiresAt = stored?.ExpiresAt ?? default;
        _version++;
        foreach (var sliceKey in _slices.Keys.Union(bySlice.Select(group => group.Key)).ToList())
        {
            if (!_slices.TryGetValue(sliceKey, out var slice))
            {
                _slices.Add(sliceKey, slice = new Slice(sliceKey));
            }

            var isDropped = slice.Merge(bySlice[sliceKey], _version, limits.IsFenced, isAnothers, metrics);
            if (isDropped)
            {
                _unsaved.Remove(slice);
                _drops++;
            }

            if (_ownership.IsEmptying)
            {
                slice.Clear(null, _version); // Another node has written what this one did not know.
                MarkUnsaved(slice);
                isDropped = true;
            }

            foreach (var lease in _leases)
            {
                var isOutdated = lease.Slice == slice && !lease.IsSuperseded && limits.IsFenced
                    && (isDropped || lease.Fence != (slice.Tabs.TryGetValue(lease.Tab, out var tab) ? tab.Part.Fence : Fence.None));
                if (isOutdated)
                {
                    lease.Supersede();
                    superseded.Add(lease);
                }
            }
        }

        superseded.AddRange(SupersedeWhere(lease => !IsAdmitted(lease.Claim)));
        NoteAllDurable(); // What was read is stored.
        return superseded;
    }

    private static void Tell(List<SliceLease> superseded)
    {
        foreach (var lease in superseded)
        {
            lease.Holder.OnSuperseded();
        }
    }

    /// <summary>What others wrote has a version too, and is durable as it is: nobody will write it for the acks that wait for it.</summary>
    private void NoteAllDurable()
    {
        if (_unsaved.Count == 0)
        {
            NoteDurable(_version);
        }
    }

    private void NoteDurable(long version)
    {
        Volatile.Write(ref _durable, version);
        _becameDurable?.SetResult();
        _becameDurable = null;
    }

    private void StopWriting()
    {
        _writing = false;
        NoteAllDurable();
        _drained?.SetResult();
        _drained = null;
        RetireIfUnused();
    }

    private void RetireIfUnused()
    {
        if (!_retired && _users == 0 && _leases.Length == 0 && !_writing)
        {
            _retired = true;
            unused(this);
        }
    }

    // ---- limits ----

    private int Size
    {
        get
        {
            var size = 0;
            foreach (var slice in _slices.Values)
            {
                size += slice.Size;
            }

            return size;
        }
    }

    /// <summary>Makes room for a change at a limit, if there is anything to remove.</summary>
    /// <exception cref="StateException">There is not enough room all the same; the change must not be merged.</exception>
    private void MakeRoom(SliceLease lease, Slice.Tab tab, PersistedView type, List<MemberChange> changes)
    {
        var growth = GrowthOf(lease.Slice, tab, type, changes);
        var size = lease.Slice.Size + growth;
        if (size > limits.MaxSliceBytes && !HasRoomAfterEviction([lease.Slice], size, limits.MaxSliceBytes, slicesToo: false) && IsGrowing(lease, tab, growth))
        {
            throw new StateException("limit",
                $"The state of view '{type.Type.Name}' cannot be stored: it would have {size:N0} bytes, the limit is {limits.MaxSliceBytes:N0}. Keep keys and load the rest, or raise Holdfast:MaxSliceBytes.");
        }

        size = Size + growth;
        if (size > limits.MaxSessionBytes && !HasRoomAfterEviction(_slices.Values, size, limits.MaxSessionBytes, slicesToo: true) && IsGrowing(lease, tab, growth))
        {
            throw new StateException("limit",
                $"The session's state cannot be stored: with this change of view '{type.Type.Name}' it would have {size:N0} bytes, the limit is {limits.MaxSessionBytes:N0}. Persist less in each view, or raise Holdfast:MaxSessionBytes.");
        }
    }

    /// <summary>A tenth more than needed is removed, so that it is not looked for at each event.</summary>
    private bool HasRoomAfterEviction(IEnumerable<Slice> slices, int size, int limit, bool slicesToo) =>
        Eviction.Evict(slices, _leases, size - limit + (limit / 10), slicesToo, Minute, _version, metrics, MarkUnsaved) >= size - limit;

    /// <summary>What does not grow goes on, also over a limit that was lowered. A tab that has nothing yet does not begin there.</summary>
    private static bool IsGrowing(SliceLease lease, Slice.Tab tab, int growth)
    {
        if (tab.Part.Fence != Fence.None)
        {
            return growth > 0;
        }

        lease.Slice.ForgetTab(lease.Tab);
        return true;
    }

    private static int GrowthOf(Slice slice, Slice.Tab tab, PersistedView type, List<MemberChange> changes)
    {
        var growth = 0;
        foreach (var change in changes)
        {
            var member = type.Members[change.Member];
            var old = member.Scope == Scope.Session
                ? slice.Members.TryGetValue(member.Name, out var shared) ? shared.Json.Length : -member.Name.Length
                : tab.Part.Members.TryGetValue(member.Name, out var own) ? own.Json.Length : -member.Name.Length;
            growth += change.Json.Length - old;
        }

        return growth;
    }
}
