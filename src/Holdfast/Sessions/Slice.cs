using Holdfast.Diagnostics;
using Holdfast.State;
using Holdfast.Stores;

namespace Holdfast.Sessions;

/// <summary>
/// Owns one view's part of a session on this node: its members as last stored or changed here, and what of it is not yet durable.
/// Called only under the session's gate.
/// </summary>
internal sealed class Slice(string key)
{
    /// <summary>See <see cref="EntryKey"/>.</summary>
    private const int MaxKey = 1024;

    private readonly uint _firstEpoch = SliceHeader.NewEpoch();
    private uint? _epoch;
    private bool _isRemoved;

    /// <summary>The epoch that began when the slice was cleared here, until that is known to be stored: what the store has of an earlier one ends with the next write.</summary>
    private uint? _cleared;
    private uint? _clearedSent;
    private SliceHeader? _sentHeader;
    private SliceStatus? _refusal;
    private PersistedView? _view;

    /// <summary>Stored entries that a migration or a removal has done away with.</summary>
    private readonly HashSet<EntryKey> _ended = [];
    private EntryKey[] _endedSent = [];

    /// <summary>Stored entries that cannot be read.</summary>
    private readonly List<KeyValuePair<EntryKey, byte[]>> _unreadable = [];
    private int _unreadableSent;

    private HashSet<string> _sent = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Fence> _droppedSent = new(StringComparer.Ordinal);

    public string Key => key;

    public Dictionary<string, Member> Members { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Tab> Tabs { get; } = new(StringComparer.Ordinal);

    /// <summary>The session's version at the last change of a member here, so that a tab sees at a glance that it is up to date.</summary>
    public long ChangedAt { get; private set; }

    /// <summary>The version of what is here: of the view that uses it, once one does.</summary>
    public int Version { get; private set; }

    /// <summary>What the view that uses the slice can do with it.</summary>
    public SliceStatus Status => _refusal ?? (Members.Count > 0 || Tabs.Values.Any(tab => tab.Part.Members.Count > 0) ? SliceStatus.Readable : SliceStatus.Empty);

    /// <summary>The header that the store holds, as far as this node knows; null when it has nothing of this slice that can be read.</summary>
    public SliceHeader? StoredHeader { get; private set; }

    /// <summary>The names of the members whose change is not yet on its way.</summary>
    public HashSet<string> Unsaved { get; private set; } = new(StringComparer.Ordinal);

    /// <summary>The ids of tab parts that were dropped here, and are perhaps still stored, each with the fence that it had.</summary>
    public Dictionary<string, Fence> Dropped { get; } = new(StringComparer.Ordinal);

    /// <summary>About what the slice takes in the store, in bytes.</summary>
    public int Size { get; private set; }

    /// <summary>When a tab was last seen in it, in minutes since 1970; 0 when it has none.</summary>
    public long SeenAt => Tabs.Count == 0 ? 0 : Tabs.Values.Max(tab => tab.Part.SeenAt);

    /// <summary>The header that is to be stored; null when the slice was removed.</summary>
    private SliceHeader? Header => _isRemoved ? null : new SliceHeader(Version, _epoch ?? _firstEpoch);

    /// <summary>Whether what is stored has another version than what is here, so that the next write writes all of it.</summary>
    private bool IsMigrated => !_isRemoved && StoredHeader is { } stored && stored.Version != Version;

    // ---- the view that uses it ----

    /// <summary>Brings what is here to the version of a view, in memory; the next write writes it.</summary>
    public SliceStatus Use(PersistedView view, StoreMetrics metrics)
    {
        if (_view == view)
        {
            return Status;
        }

        _view = view;
        SayUnreadable(metrics);
        var members = Members.ToDictionary(member => member.Key, member => member.Value.Json, StringComparer.Ordinal);
        var isEmpty = members.Count == 0 && Tabs.Count == 0 && StoredHeader is null;
        if (isEmpty || Migrate(members, Tabs.Select(tab => KeyValuePair.Create(tab.Key, tab.Value.Part)), Version, metrics))
        {
            Version = view.Version;
            foreach (var (name, json) in members)
            {
                Members[name] = Members.TryGetValue(name, out var known) ? known with { Json = json } : new Member(json, ChangedAt, null);
            }

            foreach (var name in Members.Keys.Where(name => !members.ContainsKey(name)).ToList())
            {
                Members.Remove(name);
            }

            Recount();
        }

        return Status;
    }

    /// <returns>Whether the members are of the view's version now.</returns>
    private bool Migrate(Dictionary<string, byte[]> members, IEnumerable<KeyValuePair<string, TabPart>> parts, int from, StoreMetrics metrics)
    {
        var names = members.Keys.ToList();
        var status = SliceMigration.Run(_view!, from, members, parts.Where(part => part.Key != TabPart.OfPosts).Select(part => part.Value), metrics);
        _refusal = status == SliceStatus.Readable ? null : status;
        _ended.UnionWith(names.Where(name => !members.ContainsKey(name)).Select(MemberKey));
        return _refusal is null;
    }

    private void SayUnreadable(StoreMetrics metrics)
    {
        if (_unreadable.Count > 0)
        {
            metrics.SliceUnreadable(_view!.Type, _unreadable.Count);
        }
    }

    // ---- changes ----

    public Tab GetOrAddTab(string id)
    {
        if (!Tabs.TryGetValue(id, out var tab))
        {
            Tabs.Add(id, tab = new Tab(new TabPart()));
            if (Dropped.Remove(id, out var fence) || _droppedSent.TryGetValue(id, out fence))
            {
                tab.Attempted.Add(fence); // It is perhaps still stored, and is ours.
            }

            _isRemoved = false;
            Measure(id, tab);
        }

        return tab;
    }

    /// <summary>Sets a member that an instance has changed.</summary>
    public void SetMember(string name, Member member)
    {
        Size += member.Json.Length - (Members.TryGetValue(name, out var old) ? old.Json.Length : -SizeOfName(name));
        Members[name] = member;
        Unsaved.Add(name);
        ChangedAt = member.ChangedAt;
        _isRemoved = false;
    }

    /// <summary>Counts a tab's part again after it was changed.</summary>
    public void Measure(string id, Tab tab)
    {
        var size = SizeOfName(id) + tab.Part.Size;
        Size += size - tab.Size;
        tab.Size = size;
    }

    /// <summary>Forgets a part that was added, but not written.</summary>
    public void ForgetTab(string id)
    {
        if (Tabs.Remove(id, out var tab))
        {
            Size -= tab.Size;
            if (tab.Attempted is [var fence, ..])
            {
                Dropped[id] = fence; // It was removed before it was added.
            }
        }
    }

    /// <summary>Removes a tab's part.</summary>
    public void DropTab(string id)
    {
        if (Tabs.Remove(id, out var tab))
        {
            Size -= tab.Size;
            Dropped[id] = tab.Stored;
        }
    }

    /// <summary>Drops what earlier POSTs left for the page that followed them: the next write ends it.</summary>
    /// <param name="kept">The part that this write leaves, if any.</param>
    public void DropCarried(string? kept)
    {
        List<string>? ended = null;
        foreach (var id in Tabs.Keys)
        {
            if (TabPart.IsCarried(id) && id != kept)
            {
                (ended ??= []).Add(id);
            }
        }

        ended?.ForEach(DropTab);
    }

    /// <summary>Forgets all members, and all tabs but one, which loses its members: the slice begins anew.</summary>
    /// <param name="kept">The tab; null when the whole slice goes.</param>
    /// <param name="version">The version of this change.</param>
    public void Clear(string? kept, long version)
    {
        Unsaved.UnionWith(Members.Keys);
        Members.Clear();
        ChangedAt = version;
        foreach (var id in Tabs.Keys.Where(id => id != kept).ToList())
        {
            DropTab(id);
        }

        if (kept is not null && Tabs.TryGetValue(kept, out var tab))
        {
            tab.Part.ClearMembers();
        }

        _ended.UnionWith(_unreadable.Select(entry => entry.Key));
        _unreadable.Clear();
        _isRemoved = kept is null;
        _epoch = _cleared = SliceHeader.NewEpoch();
        Recount();
    }

    /// <summary>What another record may take over: members and tabs.</summary>
    public Copy CopyState() => new(
        key,
        Version,
        _refusal is null ? _view : null,
        Members.ToDictionary(member => member.Key, member => member.Value.Json, StringComparer.Ordinal),
        Tabs.ToDictionary(tab => tab.Key, tab => tab.Value.Part.Encode(), StringComparer.Ordinal));

    /// <summary>Lays what another record has over this, once both are of one version.</summary>
    /// <returns>False where they are not, and no view in use here takes both: nothing was changed then.</returns>
    public bool Overlay(Copy copy, long version, StoreMetrics metrics)
    {
        if (copy.View is { } view)
        {
            Use(view, metrics);
        }

        var parts = new Dictionary<string, TabPart>(StringComparer.Ordinal);
        foreach (var (id, bytes) in copy.Tabs)
        {
            if (TabPart.TryDecode(bytes, out var part))
            {
                parts.Add(id, part);
            }
        }

        if (_view is null && Members.Count == 0 && Tabs.Count == 0 && StoredHeader is null)
        {
            Version = copy.Version;
        }

        if (_refusal is not null
            || (copy.Version != Version && (_view is null || SliceMigration.Run(_view, copy.Version, copy.Members, parts.Values, metrics) != SliceStatus.Readable)))
        {
            return false;
        }

        foreach (var (name, json) in copy.Members)
        {
            SetMember(name, new Member(json, version, null));
        }

        foreach (var (id, part) in parts)
        {
            var tab = GetOrAddTab(id);
            tab.Part = part;
            tab.IsUnsaved = true;
            Measure(id, tab);
        }

        return true;
    }

    // ---- writing ----

    /// <summary>All that must be written of this slice.</summary>
    public void AddTo(List<EntryChange> changes)
    {
        var begun = changes.Count;
        if (Header != StoredHeader)
        {
            changes.Add(new EntryChange(new EntryKey(key, EntryKind.Slice, ""), Header?.Encode()));
        }

        foreach (var name in IsMigrated ? Members.Keys.Union(Unsaved) : Unsaved)
        {
            changes.Add(new EntryChange(MemberKey(name), Members.TryGetValue(name, out var member) ? member.Json : null));
        }

        foreach (var (id, tab) in Tabs)
        {
            if (tab.IsUnsaved || IsMigrated)
            {
                changes.Add(new EntryChange(TabKey(id), tab.Part.Encode()));
            }

            if (tab.IsUnsaved)
            {
                tab.Attempted.Add(tab.Part.Fence);
            }
        }

        foreach (var id in Dropped.Keys)
        {
            changes.Add(new EntryChange(TabKey(id), null));
        }

        if (_ended.Count + _unreadable.Count > 0)
        {
            AddEnded(changes, changes.Skip(begun).Select(change => change.Key).ToHashSet());
        }
    }

    /// <summary>What cannot be read goes under a key of its own, in the write that would write over it.</summary>
    private void AddEnded(List<EntryChange> changes, HashSet<EntryKey> written)
    {
        foreach (var (entry, bytes) in _unreadable)
        {
            changes.Add(new EntryChange(entry with { Slice = AsideKey(key) }, bytes));
        }

        foreach (var entry in _unreadable.Select(entry => entry.Key).Concat(_ended))
        {
            if (written.Add(entry))
            {
                changes.Add(new EntryChange(entry, null));
            }
        }
    }

    /// <summary>Where the bytes of an unreadable slice lie from then on, for a person to look at: no view has such a key.</summary>
    public static string AsideKey(string key) => "!" + key[..Math.Min(key.Length, MaxKey - 1)];

    /// <summary>All that is unsaved is on its way to the store.</summary>
    public void Send()
    {
        _sentHeader = Header;
        _clearedSent = _cleared;
        _endedSent = [.. _ended];
        _unreadableSent = _unreadable.Count;
        foreach (var (id, fence) in Dropped)
        {
            _droppedSent[id] = fence;
        }

        Dropped.Clear();
        (_sent, Unsaved) = (Unsaved, _sent);
        foreach (var tab in Tabs.Values)
        {
            tab.Sent = tab.IsUnsaved ? tab.Part.Fence : null;
            tab.IsUnsaved = false;
        }
    }

    /// <summary>What was sent is stored.</summary>
    public void Committed()
    {
        StoredHeader = _sentHeader;
        _cleared = _cleared == _clearedSent ? null : _cleared;
        _ended.ExceptWith(_endedSent);
        _unreadable.RemoveRange(0, Math.Min(_unreadableSent, _unreadable.Count));
        _sent.Clear();
        _droppedSent.Clear();
        foreach (var tab in Tabs.Values)
        {
            if (tab.Sent is { } fence)
            {
                tab.Stored = fence;
                tab.Sent = null;
                tab.Attempted.Clear();
            }
        }
    }

    /// <summary>What was sent is not known to be stored.</summary>
    public void KeepUnsaved()
    {
        Unsaved.UnionWith(_sent);
        _sent.Clear();
        foreach (var (id, fence) in _droppedSent)
        {
            if (!Tabs.ContainsKey(id))
            {
                Dropped.TryAdd(id, fence);
            }
        }

        _droppedSent.Clear();
        foreach (var tab in Tabs.Values)
        {
            tab.IsUnsaved |= tab.Sent is not null;
            tab.Sent = null;
        }
    }

    // ---- reading ----

    /// <summary>
    /// Takes over what is stored. What is unsaved here stays on top of it, unless the fence of one of its tabs is neither the one that we
    /// last knew nor one that we may have written ourselves, or the slice began anew elsewhere: then all that is unsaved is dropped.
    /// </summary>
    /// <param name="entries">The slice's stored entries.</param>
    /// <param name="version">The version that members changed by others get.</param>
    /// <param name="isFenced">Whether the fence counts.</param>
    /// <param name="isAnothers">Whether the session is another owner's now, so that nothing of ours may be written.</param>
    /// <param name="metrics">Is told what cannot be read.</param>
    /// <returns>Whether something was dropped, so that every instance here has seen what never was.</returns>
    public bool Merge(IEnumerable<KeyValuePair<EntryKey, byte[]>> entries, long version, bool isFenced, bool isAnothers, StoreMetrics metrics)
    {
        var (header, members, parts) = Read(entries, metrics);
        var isAnew = StoredHeader is { } known && known.Epoch != header?.Epoch && (_sentHeader is null || _sentHeader?.Epoch != header?.Epoch);
        var isDropped = isAnothers || isAnew || _refusal is not null
            || (isFenced && Tabs.Any(tab => tab.Value.IsUnsaved && !tab.Value.Owns(parts.TryGetValue(tab.Key, out var part) ? part.Fence : Fence.None)));
        if (isDropped)
        {
            Unsaved.Clear();
            Dropped.Clear();
            _cleared = null;
        }

        if (_cleared is not null && _cleared != header?.Epoch)
        {
            EndStored(members.Keys, parts);
        }
        else
        {
            KeepNewer(parts);
            _isRemoved &= header is null;
            if (isDropped || StoredHeader is null)
            {
                _epoch = header?.Epoch ?? SliceHeader.NewEpoch(); // Another node was the first to write it, or wrote it last, or has removed it.
            }
        }

        StoredHeader = header;
        MergeMembers(members, version);
        MergeTabs(parts, isDropped);
        Recount();
        return isDropped;
    }

    /// <summary>The slice was cleared here, and others have written in the life that ended: the next write ends that too.</summary>
    private void EndStored(IEnumerable<string> members, Dictionary<string, TabPart> parts)
    {
        Unsaved.UnionWith(members);
        foreach (var (id, part) in parts)
        {
            if (!Tabs.TryGetValue(id, out var tab) || !tab.IsUnsaved)
            {
                Dropped[id] = part.Fence;
            }
        }

        _ended.UnionWith(_unreadable.Select(entry => entry.Key));
        _unreadable.Clear();
    }

    /// <summary>What others wrote after it was removed here is not what was removed.</summary>
    private void KeepNewer(Dictionary<string, TabPart> parts)
    {
        if (_cleared is not null) // It is stored, and only the answer was lost.
        {
            Unsaved.RemoveWhere(name => !Members.ContainsKey(name));
            _cleared = null;
        }

        foreach (var (id, part) in parts)
        {
            if (Dropped.TryGetValue(id, out var fence) && fence != part.Fence)
            {
                Dropped.Remove(id);
            }
        }
    }

    /// <summary>Decodes what is stored, and brings it to the version of the view that uses it, if one does.</summary>
    private (SliceHeader? Header, Dictionary<string, byte[]> Members, Dictionary<string, TabPart> Parts) Read(IEnumerable<KeyValuePair<EntryKey, byte[]>> entries, StoreMetrics metrics)
    {
        var members = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var parts = new Dictionary<string, TabPart>(StringComparer.Ordinal);
        var stored = entries.ToList();
        _ended.Clear();
        _unreadable.Clear();
        _refusal = null;
        var header = stored.Find(entry => entry.Key.Kind == EntryKind.Slice).Value is { } bytes ? SliceHeader.Decode(bytes) : null;
        if (header is null)
        {
            _unreadable.AddRange(stored); // Without its version, nothing says what the rest means.
        }

        foreach (var (entry, json) in header is null ? [] : stored)
        {
            if (entry.Kind == EntryKind.Member)
            {
                members.Add(entry.Name, json);
            }
            else if (entry.Kind == EntryKind.Tab)
            {
                if (TabPart.TryDecode(json, out var part))
                {
                    parts.Add(entry.Name, part);
                }
                else
                {
                    _unreadable.Add(KeyValuePair.Create(entry, json));
                }
            }
        }

        Version = header?.Version ?? _view?.Version ?? 0;
        if (_view is not null)
        {
            SayUnreadable(metrics);
            Version = header is null || Migrate(members, parts, Version, metrics) ? _view.Version : Version;
        }

        return (header, members, parts);
    }

    private void MergeMembers(Dictionary<string, byte[]> stored, long version)
    {
        var gone = Members.Keys.Where(name => !Unsaved.Contains(name)).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, json) in stored)
        {
            if (Unsaved.Contains(name))
            {
                continue;
            }

            gone.Remove(name);
            if (!Members.TryGetValue(name, out var known) || !known.Json.AsSpan().SequenceEqual(json))
            {
                Members[name] = new Member(json, version, null);
                ChangedAt = version;
            }
        }

        foreach (var name in gone)
        {
            Members.Remove(name);
        }
    }

    private void MergeTabs(Dictionary<string, TabPart> parts, bool isDropped)
    {
        foreach (var (id, tab) in Tabs.ToList())
        {
            if (tab.IsUnsaved && !isDropped)
            {
                tab.Stored = parts.TryGetValue(id, out var ours) ? ours.Fence : Fence.None;
                tab.Attempted.Clear();
                parts.Remove(id);
            }
            else
            {
                Tabs.Remove(id);
            }
        }

        foreach (var (id, part) in parts)
        {
            if (!Dropped.ContainsKey(id))
            {
                Tabs.Add(id, new Tab(part));
            }
        }
    }

    // ---- sizes and names ----

    /// <summary>Counts everything. What was set aside counts for its session, not for the view that took its place.</summary>
    private void Recount()
    {
        Size = _view is null ? _unreadable.Sum(entry => entry.Value.Length) : 0;
        foreach (var (name, member) in Members)
        {
            Size += SizeOfName(name) + member.Json.Length;
        }

        foreach (var (id, tab) in Tabs)
        {
            tab.Size = 0;
            Measure(id, tab);
        }
    }

    private int SizeOfName(string name) => key.Length + name.Length + 16; // And what a row of a database takes beside them.

    private EntryKey MemberKey(string name) => new(key, EntryKind.Member, name);

    private EntryKey TabKey(string id) => new(key, EntryKind.Tab, id);

    /// <summary>What a slice holds, for another record: whose members they are, where this node knows it, and of which version.</summary>
    internal sealed record Copy(string Key, int Version, PersistedView? View, Dictionary<string, byte[]> Members, Dictionary<string, byte[]> Tabs);

    /// <summary>A member shared by the session's tabs, when it changed last, and by whom (null: by another node).</summary>
    internal readonly record struct Member(byte[] Json, long ChangedAt, SliceLease? ChangedBy);

    /// <summary>One tab's part, and what the store is known to hold of its fence.</summary>
    internal sealed class Tab(TabPart part)
    {
        public TabPart Part { get; set; } = part;

        public bool IsUnsaved { get; set; }

        /// <summary>What the slice counts it for.</summary>
        public int Size { get; set; }

        /// <summary>The fence of the write in flight, if it carries this part.</summary>
        public Fence? Sent { get; set; }

        /// <summary>The fence that the store held when this node last read or wrote it.</summary>
        public Fence Stored { get; set; } = part.Fence;

        /// <summary>Fences of writes whose outcome is not known: when the store holds one of them, that write was ours.</summary>
        public List<Fence> Attempted { get; } = [];

        public bool Owns(Fence stored) => stored == Stored || Attempted.Contains(stored);
    }
}
