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

    /// <summary>The header that the next write carries if it is not <see cref="StoredHeader"/>: null when the slice was removed.</summary>
    public SliceHeader? Header { get; private set; } = SliceHeader.New();

    /// <summary>The header that the store holds, as far as this node knows; null when it has nothing of this slice.</summary>
    public SliceHeader? StoredHeader { get; private set; }

    private SliceHeader? SentHeader { get; set; }

    /// <summary>The names of the members whose change is not yet on its way.</summary>
    public HashSet<string> Unsaved { get; private set; } = new(StringComparer.Ordinal);

    private HashSet<string> Sent { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The ids of tab parts that were dropped here, and are perhaps still stored, each with the fence that it had.</summary>
    public Dictionary<string, Fence> Dropped { get; } = new(StringComparer.Ordinal);

    private Dictionary<string, Fence> DroppedSent { get; } = new(StringComparer.Ordinal);

    /// <summary>About what the slice takes in the store, in bytes.</summary>
    public int Size { get; private set; }

    /// <summary>When a tab was last seen in it, in minutes since 1970; 0 when it has none.</summary>
    public long SeenAt => Tabs.Count == 0 ? 0 : Tabs.Values.Max(tab => tab.Part.SeenAt);

    public Tab GetOrAddTab(string id)
    {
        if (!Tabs.TryGetValue(id, out var tab))
        {
            Tabs.Add(id, tab = new Tab(new TabPart()));
            if (Dropped.Remove(id, out var fence) || DroppedSent.TryGetValue(id, out fence))
            {
                tab.Attempted.Add(fence); // It is perhaps still stored, and is ours.
            }

            Header ??= SliceHeader.New();
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
        Header ??= SliceHeader.New();
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

    /// <summary>Forgets all members, and all tabs but one, which loses its members.</summary>
    /// <param name="kept">The tab; null when the whole slice goes.</param>
    /// <param name="version">The version of this change.</param>
    public void Clear(string? kept, long version)
    {
        foreach (var (name, member) in Members)
        {
            Size -= SizeOfName(name) + member.Json.Length;
            Unsaved.Add(name);
        }

        Members.Clear();
        ChangedAt = version;
        Header = kept is null ? null : SliceHeader.New();
        foreach (var id in Tabs.Keys.Where(id => id != kept).ToList())
        {
            DropTab(id);
        }

        if (kept is not null && Tabs.TryGetValue(kept, out var tab))
        {
            tab.Part.ClearMembers();
            Measure(kept, tab);
        }
    }

    /// <summary>What another record may take over: members and tabs.</summary>
    public IEnumerable<KeyValuePair<EntryKey, byte[]>> StateEntries() =>
        Members.Select(member => KeyValuePair.Create(new EntryKey(key, EntryKind.Member, member.Key), member.Value.Json))
            .Concat(Tabs.Select(tab => KeyValuePair.Create(new EntryKey(key, EntryKind.Tab, tab.Key), tab.Value.Part.Encode())));

    /// <summary>Takes over an entry of another record.</summary>
    public void Overlay(EntryKey entry, byte[] value, long version)
    {
        if (entry.Kind == EntryKind.Member)
        {
            SetMember(entry.Name, new Member(value, version, null));
        }
        else if (TabPart.TryDecode(value, out var part))
        {
            var tab = GetOrAddTab(entry.Name);
            tab.Part = part;
            tab.IsUnsaved = true;
            Measure(entry.Name, tab);
        }
    }

    private int SizeOfName(string name) => key.Length + name.Length + 16; // And what a row of a database takes beside them.

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
            DropTab(id);
        }
    }

    /// <summary>All that is unsaved is on its way to the store.</summary>
    public void Send()
    {
        foreach (var (id, fence) in Dropped)
        {
            DroppedSent[id] = fence;
        }

        Dropped.Clear();
        SentHeader = Header;
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
        StoredHeader = SentHeader;
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
        foreach (var (id, fence) in DroppedSent)
        {
            if (!Tabs.ContainsKey(id))
            {
                Dropped.TryAdd(id, fence);
            }
        }

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
    /// <param name="isFenced">Whether the fence counts.</param>
    /// <param name="isAnothers">Whether the session is another owner's now, so that nothing of ours may be written.</param>
    /// <returns>Whether something was dropped, so that every instance here has seen what never was.</returns>
    public bool Merge(IEnumerable<KeyValuePair<EntryKey, byte[]>> entries, long version, bool isFenced, bool isAnothers)
    {
        var stored = entries.ToList();
        var parts = new Dictionary<string, TabPart>(StringComparer.Ordinal);
        foreach (var entry in stored.Where(entry => entry.Key.Kind == EntryKind.Tab))
        {
            TabPart.TryDecode(entry.Value, out var part);
            parts[entry.Key.Name] = part;
        }

        var header = stored.Find(entry => entry.Key.Kind == EntryKind.Slice).Value is { } json ? SliceHeader.Decode(json) : (SliceHeader?)null;
        var isDropped = isAnothers || (StoredHeader is not null && header != StoredHeader && header != SentHeader)
            || (isFenced && Tabs.Any(tab => tab.Value.IsUnsaved && !tab.Value.Owns(parts.TryGetValue(tab.Key, out var part) ? part.Fence : Fence.None)));
        if (isDropped)
        {
            Unsaved.Clear();
            Dropped.Clear();
        }

        if (isDropped || (StoredHeader is null && header is not null && header != SentHeader))
        {
            Header = header ?? SliceHeader.New(); // Another node was the first to write it.
        }

        StoredHeader = header;
        if (Header is not null)
        {
            MergeMembers(stored, version);
            MergeTabs(parts, isDropped);
        }
        else
        {
            Unsaved.UnionWith(stored.Where(entry => entry.Key.Kind == EntryKind.Member).Select(entry => entry.Key.Name));
            foreach (var (id, part) in parts)
            {
                Dropped[id] = part.Fence;
            }
        }

        Size = 0;
        foreach (var (name, member) in Members)
        {
            Size += SizeOfName(name) + member.Json.Length;
        }

        foreach (var (id, tab) in Tabs)
        {
            tab.Size = 0;
            Measure(id, tab);
        }

        return isDropped;
    }

    private void MergeMembers(List<KeyValuePair<EntryKey, byte[]>> stored, long version)
    {
        var gone = Members.Keys.Where(name => !Unsaved.Contains(name)).ToHashSet(StringComparer.Ordinal);
        foreach (var (entry, json) in stored)
        {
            if (entry.Kind != EntryKind.Member || Unsaved.Contains(entry.Name))
            {
                continue;
            }

            gone.Remove(entry.Name);
            if (!Members.TryGetValue(entry.Name, out var known) || !known.Json.AsSpan().SequenceEqual(json))
            {
                Members[entry.Name] = new Member(json, version, null);
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
