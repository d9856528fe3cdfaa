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
    public string Key => key;

    public Dictionary<string, Member> Members { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Tab> Tabs { get; } = new(StringComparer.Ordinal);

    /// <summary>The session's version at the last change of a member here, so that a tab sees at a glance that it is up to date.</summary>
    public long ChangedAt { get; set; }

    /// <summary>The version that the store has, as far as this node knows; null when it has nothing of this slice that can be read.</summary>
    public int? StoredVersion { get; private set; }

    /// <summary>The version of what is here: of the view that uses it, once one does.</summary>
    public int Version { get; private set; }

    /// <summary>Whether what is stored has another version than what is here, so that the next write writes all of it.</summary>
    public bool IsMigrated => StoredVersion is { } stored && stored != Version;

    /// <summary>What the view that uses the slice can do with it.</summary>
    public SliceStatus Status => _refusal ?? (Members.Count > 0 || Tabs.Count > 0 ? SliceStatus.Readable : SliceStatus.Empty);

    private SliceStatus? _refusal;
    private PersistedView? _view;
    private int? _sentVersion;

    /// <summary>The names of members that are stored, and that a migration has done away with.</summary>
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);

    /// <summary>Stored entries that cannot be read.</summary>
    private readonly List<KeyValuePair<EntryKey, byte[]>> _unreadable = [];

    /// <summary>The names of the members whose change is not yet on its way.</summary>
    public HashSet<string> Unsaved { get; private set; } = new(StringComparer.Ordinal);

    private HashSet<string> Sent { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The ids of tab parts that were dropped here, and are perhaps still stored.</summary>
    public HashSet<string> Dropped { get; } = new(StringComparer.Ordinal);

    private HashSet<string> DroppedSent { get; } = new(StringComparer.Ordinal);

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
        var isEmpty = members.Count == 0 && Tabs.Count == 0 && StoredVersion is null;
        if (isEmpty || Migrate(members, Tabs.Select(tab => KeyValuePair.Create(tab.Key, tab.Value.Part)), Version, metrics))
        {
            Version = view.Version;
            foreach (var (name, json) in members)
            {
                Members[name] = Members.TryGetValue(name, out var known) ? known with { Json = json } : new Member(json, ChangedAt, null);
            }

            foreach (var name in _ended)
            {
                Members.Remove(name);
            }
        }

        return Status;
    }

    /// <returns>Whether the members are of the view's version now.</returns>
    private bool Migrate(Dictionary<string, byte[]> members, IEnumerable<KeyValuePair<string, TabPart>> parts, int from, StoreMetrics metrics)
    {
        var names = members.Keys.ToList();
        var status = SliceMigration.Run(_view!, from, members, parts.Where(part => part.Key != TabPart.OfPosts).Select(part => part.Value), metrics);
        _refusal = status == SliceStatus.Readable ? null : status;
        _ended.UnionWith(names.Where(name => !members.ContainsKey(name)));
        return _refusal is null;
    }

    private void SayUnreadable(StoreMetrics metrics)
    {
        if (_unreadable.Count > 0)
        {
            metrics.SliceUnreadable(_view!.Type, _unreadable.Count);
        }
    }

    public Tab GetOrAddTab(string id)
    {
        if (!Tabs.TryGetValue(id, out var tab))
        {
            Tabs.Add(id, tab = new Tab(new TabPart()));
        }

        return tab;
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

        foreach (var id in ended ?? [])
        {
            Tabs.Remove(id);
            Dropped.Add(id);
        }
    }

    /// <summary>All that must be written of this slice.</summary>
    public void AddTo(List<EntryChange> changes)
    {
        var begun = changes.Count;
        if (StoredVersion != Version)
        {
            changes.Add(new EntryChange(new EntryKey(Key, EntryKind.Slice, ""), SliceHeader.Encode(Version)));
        }

        foreach (var name in IsMigrated ? Members.Keys : (IEnumerable<string>)Unsaved)
        {
            changes.Add(new EntryChange(new EntryKey(Key, EntryKind.Member, name), Members[name].Json));
        }

        foreach (var name in _ended.Where(name => !Members.ContainsKey(name)))
        {
            changes.Add(new EntryChange(new EntryKey(Key, EntryKind.Member, name), null));
        }

        foreach (var (id, tab) in Tabs)
        {
            if (tab.IsUnsaved || IsMigrated)
            {
                changes.Add(new EntryChange(new EntryKey(Key, EntryKind.Tab, id), tab.Part.Encode()));
            }

            if (tab.IsUnsaved)
            {
                tab.Attempted.Add(tab.Part.Fence);
            }
        }

        foreach (var id in Dropped)
        {
            changes.Add(new EntryChange(new EntryKey(Key, EntryKind.Tab, id), null));
        }

        SetAside(changes, begun);
    }

    /// <summary>What cannot be read goes under a key of its own, in the write that would write over it.</summary>
    private void SetAside(List<EntryChange> changes, int begun)
    {
        if (_unreadable.Count == 0)
        {
            return;
        }

        var written = changes.Skip(begun).Select(change => change.Key).ToHashSet();
        foreach (var (entry, bytes) in _unreadable)
        {
            changes.Add(new EntryChange(entry with { Slice = AsideKey(Key) }, bytes));
            if (!written.Contains(entry))
            {
                changes.Add(new EntryChange(entry, null));
            }
        }
    }

    /// <summary>Where the bytes of an unreadable slice lie from then on, for a person to look at: no view has such a key.</summary>
    public static string AsideKey(string key) => "!" + key;

    /// <summary>All that is unsaved is on its way to the store.</summary>
    public void Send()
    {
        _sentVersion = Version;
        DroppedSent.UnionWith(Dropped);
        Dropped.Clear();
        (Sent, Unsaved) = (Unsaved, Sent);
        foreach (var tab in Tabs.Values)
        {
            tab.Sent = tab.IsUnsaved ? tab.Part.Fence : null;
            tab.IsUnsaved = false;
        }
    }

    /// <summary>What was sent is stored.</summary>
    public void Committed()
    {
        StoredVersion = _sentVersion;
        _ended.Clear();
        _unreadable.Clear();
        Sent.Clear();
        DroppedSent.Clear();
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
        Unsaved.UnionWith(Sent);
        Sent.Clear();
        Dropped.UnionWith(DroppedSent);
        DroppedSent.Clear();
        foreach (var tab in Tabs.Values)
        {
            tab.IsUnsaved |= tab.Sent is not null;
            tab.Sent = null;
        }
    }

    /// <summary>
    /// Takes over what is stored. What is unsaved here stays on top of it, unless the fence of one of its tabs is neither the one that we
    /// last knew nor one that we may have written ourselves: then all that is unsaved is dropped.
    /// </summary>
    /// <param name="entries">The slice's stored entries.</param>
    /// <param name="version">The version that members changed by others get.</param>
    /// <param name="vanished">Whether the whole session is gone from the store.</param>
    /// <param name="isFenced">Whether the fence counts.</param>
    /// <param name="metrics">Is told what cannot be read.</param>
    /// <returns>Whether something was dropped, so that every instance here has seen what never was.</returns>
    public bool Merge(IEnumerable<KeyValuePair<EntryKey, byte[]>> entries, long version, bool vanished, bool isFenced, StoreMetrics metrics)
    {
        var wasStored = StoredVersion is not null;
        var (members, parts) = Read(entries, metrics);
        var isDropped = _refusal is not null
            || (vanished && wasStored)
            || (isFenced && Tabs.Any(tab => tab.Value.IsUnsaved && !tab.Value.Owns(parts.TryGetValue(tab.Key, out var part) ? part.Fence : Fence.None)));
        if (isDropped)
        {
            Unsaved.Clear();
        }

        MergeMembers(members, version);
        MergeTabs(parts, isDropped);
        return isDropped;
    }

    /// <summary>Decodes what is stored, and brings it to the version of the view that uses it, if one does.</summary>
    private (Dictionary<string, byte[]> Members, Dictionary<string, TabPart> Parts) Read(IEnumerable<KeyValuePair<EntryKey, byte[]>> entries, StoreMetrics metrics)
    {
        var members = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var parts = new Dictionary<string, TabPart>(StringComparer.Ordinal);
        var stored = entries.ToList();
        _ended.Clear();
        _unreadable.Clear();
        _refusal = null;
        StoredVersion = stored.Find(entry => entry.Key.Kind == EntryKind.Slice).Value is { } header ? SliceHeader.Decode(header) : null;
        if (StoredVersion is null)
        {
            _unreadable.AddRange(stored); // Without its version, nothing says what the rest means.
        }

        foreach (var (entry, json) in StoredVersion is null ? [] : stored)
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

        Version = StoredVersion ?? _view?.Version ?? 0;
        if (_view is not null)
        {
            SayUnreadable(metrics);
            Version = StoredVersion is null || Migrate(members, parts, Version, metrics) ? _view.Version : Version;
        }

        return (members, parts);
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
            if (!Dropped.Contains(id))
            {
                Tabs.Add(id, new Tab(part));
            }
        }
    }

    /// <summary>The size that counts against the limit: all bytes and names of the slice. What was set aside counts for its session, not for the view that took its place.</summary>
    public int Size()
    {
        var size = _view is null ? _unreadable.Sum(entry => entry.Value.Length) : 0;
        foreach (var (name, member) in Members)
        {
            size += name.Length + member.Json.Length;
        }

        foreach (var tab in Tabs.Values)
        {
            foreach (var (name, member) in tab.Part.Members)
            {
                size += name.Length + member.Json.Length;
            }
        }

        return size;
    }

    /// <summary>A member shared by the session's tabs, when it changed last, and by whom (null: by another node).</summary>
    internal readonly record struct Member(byte[] Json, long ChangedAt, SliceLease? ChangedBy);

    /// <summary>One tab's part, and what the store is known to hold of its fence.</summary>
    internal sealed class Tab(TabPart part)
    {
        public TabPart Part { get; set; } = part;

        public bool IsUnsaved { get; set; }

        /// <summary>The fence of the write in flight, if it carries this part.</summary>
        public Fence? Sent { get; set; }

        /// <summary>The fence that the store held when this node last read or wrote it.</summary>
        public Fence Stored { get; set; } = part.Fence;

        /// <summary>Fences of writes whose outcome is not known: when the store holds one of them, that write was ours.</summary>
        public List<Fence> Attempted { get; } = [];

        public bool Owns(Fence stored) => stored == Stored || Attempted.Contains(stored);
    }
}
