namespace Holdfast.Nodes.Tests.Histories;

/// <summary>
/// Decides whether a tab's history is one that it was promised: every event that was acked is in the journal, once, in the order in which the tab made it, and stays there.
/// </summary>
/// <remarks>An event that is not acked may be there or not, at most once; but within a document none is there before its predecessors, as they are applied in order. One
/// that failed excuses only itself.</remarks>
internal static class HistoryChecker
{
    /// <summary>What is wrong with the history; nothing when it holds. Whatever is wrong with one journal is reported for that journal.</summary>
    public static IReadOnlyList<string> Check(TabHistory history)
    {
        var violations = new List<string>();
        var (document, hasEnd) = (0, false);
        var sentIn = new SortedDictionary<long, int>();
        var acked = new SortedSet<long>();
        var failed = new HashSet<long>();
        foreach (var entry in history.Entries)
        {
            hasEnd |= entry.Kind == HistoryKind.Stored;
            switch (entry.Kind)
            {
                case HistoryKind.Loaded:
                    document++;
                    break;
                case HistoryKind.Sent when sentIn.Count > 0 && entry.Numbers[0] <= sentIn.Keys.Last():
                    violations.Add($"{history.Name}: {entry.Numbers[0]} was made after {sentIn.Keys.Last()}, so that the history itself cannot be trusted");
                    break;
                case HistoryKind.Sent:
                    sentIn.Add(entry.Numbers[0], document);
                    break;
                case HistoryKind.Acked when !sentIn.ContainsKey(entry.Numbers[0]):
                    violations.Add($"{history.Name}: {entry.Numbers[0]} was acked and never made");
                    break;
                case HistoryKind.Acked:
                    acked.Add(entry.Numbers[0]);
                    break;
                case HistoryKind.Failed:
                    failed.Add(entry.Numbers[0]);
                    break;
                default:
                    CheckJournal(history.Name, entry, sentIn, acked, failed, violations);
                    break;
            }
        }

        if (!hasEnd)
        {
            violations.Add($"{history.Name}: nobody looked at what the store held at the end");
        }

        return violations;
    }

    private static void CheckJournal(
        string name, HistoryEntry entry, SortedDictionary<long, int> sentIn, SortedSet<long> acked, HashSet<long> failed, List<string> violations)
    {
        var where = $"{name}: {entry.Kind} after {(sentIn.Count > 0 ? sentIn.Keys.Last() : 0)}";
        var there = new HashSet<long>();
        var last = long.MinValue;
        foreach (var number in entry.Numbers)
        {
            if (!sentIn.ContainsKey(number))
            {
                violations.Add($"{where}: {number} is there and was never made");
            }
            else if (!there.Add(number))
            {
                violations.Add($"{where}: {number} is doubled");
            }
            else if (number < last)
            {
                violations.Add($"{where}: {number} comes after {last}");
            }

            last = number;
        }

        foreach (var number in acked.Where(number => !there.Contains(number)))
        {
            violations.Add($"{where}: {number} was acked and is lost");
        }

        foreach (var document in sentIn.GroupBy(sent => sent.Value, sent => sent.Key))
        {
            var newest = document.Where(there.Contains).DefaultIfEmpty(long.MinValue).Max();
            foreach (var number in document.Where(number => number < newest && !there.Contains(number) && !failed.Contains(number) && !acked.Contains(number)))
            {
                violations.Add($"{where}: {number} is skipped, and {newest} of the same document is there");
            }
        }
    }
}
