using System.Collections.Concurrent;
using Holdfast.Diagnostics;

namespace Holdfast.Sessions;

/// <summary>
/// Owns the pages that are mounted on this node, and ends those that waited too long for their browser. Thread-safe.
/// </summary>
/// <remarks>
/// A page is connected, or waits: its connection was lost, and for a while the browser may come back to the very same instance. A page that is taken
/// leaves the waiting ones under the same lock, so it cannot end while it is being taken up. No lock is held while a page is disposed.
/// </remarks>
internal sealed class PageRegistry(TimeProvider time, TimeSpan graceTime, int maxWaiting, PageMetrics metrics)
{
    private readonly ConcurrentDictionary<string, MountedPage> _pages = new(StringComparer.Ordinal);
    private readonly LinkedList<(MountedPage Page, long Since)> _waiting = new();
    private readonly Lock _gate = new();

    public int Count => _pages.Count;

    public void Add(MountedPage page)
    {
        _pages[page.Identity.Instance] = page;
        metrics.Mounted(+1);
    }

    /// <summary>Takes the very instance that a document knew, if it is still here.</summary>
    public bool TryTake(string instance, PageAddress address, string tab, string document, out MountedPage page)
    {
        lock (_gate)
        {
            if (!_pages.TryGetValue(instance, out page!)
                || page.IsDead
                || page.Identity.Tab != tab
                || page.Identity.Document != document
                || page.Address.Record != address.Record
                || page.Address.Browser != address.Browser
                || page.Address.User != address.User
                || page.Address.Uri != address.Uri)
            {
                return false;
            }

            StopWaiting(page);
            return true;
        }
    }

    /// <summary>The page's connection is lost: begin to wait. The page that waits longest ends when there are too many.</summary>
    public void Wait(MountedPage page)
    {
        MountedPage? tooMany = null;
        lock (_gate)
        {
            if (!_pages.TryGetValue(page.Identity.Instance, out var known) || known != page)
            {
                return; // It has left, or was ended, before its connection was lost.
            }

            _waiting.AddLast((page, time.GetTimestamp()));
            if (_waiting.Count > maxWaiting)
            {
                tooMany = _waiting.First!.Value.Page;
                Forget(tooMany);
            }
        }

        if (tooMany is not null)
        {
            Dispose(tooMany);
        }
    }

    /// <summary>Ends the pages that waited too long. Called every second or so.</summary>
    public void EndExpired()
    {
        while (true)
        {
            MountedPage expired;
            lock (_gate)
            {
                if (_waiting.First is not { } first || time.GetElapsedTime(first.Value.Since) < graceTime)
                {
                    return;
                }

                expired = first.Value.Page;
                Forget(expired); // Under the lock under which it could be taken up.
            }

            Dispose(expired);
        }
    }

    /// <summary>Ends a page, in the background.</summary>
    public void End(MountedPage page)
    {
        bool wasThere;
        lock (_gate)
        {
            wasThere = Forget(page);
        }

        if (wasThere)
        {
            Dispose(page);
        }
    }

    private bool Forget(MountedPage page)
    {
        StopWaiting(page);
        return _pages.TryRemove(KeyValuePair.Create(page.Identity.Instance, page));
    }

    private void Dispose(MountedPage page)
    {
        metrics.Mounted(-1);
        _ = Task.Run(async () => await page.DisposeAsync().ConfigureAwait(false));
    }

    private void StopWaiting(MountedPage page)
    {
        for (var node = _waiting.First; node is not null; node = node.Next)
        {
            if (ReferenceEquals(node.Value.Page, page))
            {
                _waiting.Remove(node);
                return;
            }
        }
    }
}
