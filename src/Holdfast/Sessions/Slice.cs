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

    /// <summary>Whether the store has anything of this slice, as far as this node knows.</summary>
    public bool IsStored { get; private set; }

    /// <summary>The names of the members whose change is not yet on its way.</summary>
    public HashSet<string> Unsaved { get; private set; } = new(StringComparer.Ordinal);

    private HashSet<string> Sent { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The ids of tab parts that were dropped here, and are perhaps still stored.</summary>
    public HashSet<string> Dropped { get; } = new(StringComparer.Ordinal);

    private HashSet<string> DroppedSent { get; } = new(StringComparer.Ordinal);

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

    /// <summary>All that is unsaved is on its way to the store.</summary>
    public void Send()
    {
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
        IsStored = true;
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
    /// <returns>Whether something was dropped, so that every instance here has seen what never was.</returns>
    public bool Merge(IEnumerable<KeyValuePair<EntryKey, byte[]>> entries, long version, bool vanished, bool isFenced)
    {
        var stored = entries.ToList();
        var parts = new Dictionary<string, TabPart>(StringComparer.Ordinal);
        foreach (var entry in stored.Where(entry => entry.Key.Kind == EntryKind.Tab))
        {
            TabPart.TryDecode(entry.Value, out var part);
            parts[entry.Key.Name] = part;
        }

        var isDropped = (vanished && IsStored)
            || (isFenced && Tabs.Any(tab => tab.Value.IsUnsaved && !tab.Value.Owns(parts.TryGetValue(tab.Key, out var part) ? part.Fence : Fence.None)));
        if (isDropped)
        {
            Unsaved.Clear();
        }

        MergeMembers(stored, version);
        MergeTabs(parts, isDropped);
        IsStored = stored.Count > 0;
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
            if (!Dropped.Contains(id))
            {
                Tabs.Add(id, new Tab(part));
            }
        }
    }

    /// <summary>The size that counts against the limit: all bytes and names of the slice.</summary>
    public int Size()
    {
        var size = 0;
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
