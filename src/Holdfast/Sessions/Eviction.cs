using Holdfast.Diagnostics;

namespace Holdfast.Sessions;

/// <summary>What goes when a session is at its limit: the parts of tabs that were not seen for an hour, the longest unseen first, then the state of views that no tab has open.</summary>
internal static class Eviction
{
    /// <summary>What a tab has that was seen within this time is not removed for others. Chosen: a lunch.</summary>
    public static readonly TimeSpan SeenLately = TimeSpan.FromHours(1);

    /// <summary>Removes what was not used for longest, until so many bytes are free. Called under the session's gate.</summary>
    /// <param name="slices">Where to look.</param>
    /// <param name="leases">What is open here stays.</param>
    /// <param name="wanted">How many bytes.</param>
    /// <param name="slicesToo">Whether whole slices may go.</param>
    /// <param name="minute">Now, in minutes since 1970.</param>
    /// <param name="version">The session's version.</param>
    /// <param name="metrics">Is told what was removed.</param>
    /// <param name="changed">Is told of each slice that lost something.</param>
    /// <returns>How many bytes were freed.</returns>
    public static int Evict(IEnumerable<Slice> slices, SliceLease[] leases, int wanted, bool slicesToo, long minute, long version, StoreMetrics metrics, Action<Slice> changed)
    {
        var seenSince = minute - (long)SeenLately.TotalMinutes;
        var (freed, tabs, views) = (0, 0, 0);
        var unseen = slices.SelectMany(slice => slice.Tabs, (slice, tab) => (Slice: slice, Id: tab.Key, tab.Value.Part.SeenAt, tab.Value.Size))
            .Where(part => part.SeenAt < seenSince && !leases.Any(lease => lease.Slice == part.Slice && lease.Tab == part.Id))
            .OrderBy(part => part.SeenAt)
            .ToList();
        foreach (var part in unseen.TakeWhile(_ => freed < wanted))
        {
            part.Slice.DropTab(part.Id);
            changed(part.Slice);
            freed += part.Size;
            tabs++;
        }

        var unused = slices.Where(slice => slicesToo && slice.Size > 0 && slice.SeenAt < seenSince && !leases.Any(lease => lease.Slice == slice))
            .OrderBy(slice => slice.SeenAt).ThenBy(slice => slice.ChangedAt)
            .ToList();
        foreach (var slice in unused.TakeWhile(_ => freed < wanted))
        {
            freed += slice.Size;
            slice.Clear(null, version);
            changed(slice);
            views++;
        }

        if (tabs + views > 0)
        {
            metrics.Evicted(tabs, views);
        }

        return freed;
    }
}
