using System.Text;

namespace Holdfast.Nodes.Tests.Histories;

/// <summary>What one tab did and saw, in order: which numbers it sent to its journal, what became of them, what it was shown, and what the store held at the end. Thread-safe.</summary>
internal sealed class TabHistory(string name)
{
    private readonly Lock _gate = new();
    private readonly List<HistoryEntry> _entries = [];

    public string Name => name;

    public IReadOnlyList<HistoryEntry> Entries
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries];
            }
        }
    }

    /// <summary>A document was loaded: what was unacked in the one before is given up, and may have happened or not.</summary>
    public void Loaded() => Add(new HistoryEntry(HistoryKind.Loaded, []));

    /// <summary>An event was made that appends this number.</summary>
    public void Sent(long number) => Add(new HistoryEntry(HistoryKind.Sent, [number]));

    /// <summary>The event was acked.</summary>
    public void Acked(long number) => Add(new HistoryEntry(HistoryKind.Acked, [number]));

    /// <summary>The event was shown as failed: it may have happened or not.</summary>
    public void Failed(long number) => Add(new HistoryEntry(HistoryKind.Failed, [number]));

    /// <summary>After a join the page showed this journal.</summary>
    public void Joined(IEnumerable<long> journal) => Add(new HistoryEntry(HistoryKind.Joined, [.. journal]));

    /// <summary>At the end, when no process was left that had known the tab, this was its journal.</summary>
    public void Stored(IEnumerable<long> journal) => Add(new HistoryEntry(HistoryKind.Stored, [.. journal]));

    /// <summary>How many entries of a kind there are.</summary>
    public int Count(HistoryKind kind) => Entries.Count(entry => entry.Kind == kind);

    /// <summary>An entry a line; acks in a row in one.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"{name}:");
        HistoryKind? last = null;
        foreach (var entry in Entries)
        {
            text.Append(entry.Kind == last ? " " : $"\n  {entry.Kind} ").AppendJoin(' ', entry.Numbers);
            last = entry.Kind is HistoryKind.Sent or HistoryKind.Acked ? entry.Kind : null;
        }

        return text.ToString();
    }

    private void Add(HistoryEntry entry)
    {
        lock (_gate)
        {
            _entries.Add(entry);
        }
    }
}
