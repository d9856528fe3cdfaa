namespace Holdfast.Nodes.Tests.Histories;

/// <summary>One thing that a tab did or saw.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="Numbers">The number of the event, or the numbers of the journal.</param>
internal sealed record HistoryEntry(HistoryKind Kind, IReadOnlyList<long> Numbers);

/// <summary>What a tab did or saw.</summary>
internal enum HistoryKind
{
    /// <summary>A document was loaded.</summary>
    Loaded,

    /// <summary>An event was made.</summary>
    Sent,

    /// <summary>An event was acked.</summary>
    Acked,

    /// <summary>An event was shown as failed.</summary>
    Failed,

    /// <summary>A join showed a journal.</summary>
    Joined,

    /// <summary>The store held a journal at the end.</summary>
    Stored,
}
