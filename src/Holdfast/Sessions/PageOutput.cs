#pragma warning disable BL0006 // Passes a render batch on to Rendering.
using Holdfast.Protocol;
using Holdfast.Rendering;
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Sessions;

/// <summary>
/// What one page says to its document: <c>joined</c>, patches, acks. Owns the patch that is open, the sequence, and which events are settled but not yet
/// acked. Used on the page's dispatcher, but for <see cref="SendAcks"/>.
/// </summary>
/// <param name="renderer">Renders the page.</param>
/// <param name="replacing">Is called before a document that shows something else is sent the page's HTML.</param>
internal sealed class PageOutput(LiveRenderer renderer, Action replacing) : IDisposable
{
    private readonly PatchWriter _patch = new(renderer);
    private volatile IPageClient? _client;
    private volatile bool _isHeld;
    private bool _isLagging;
    private bool _isIndexOutdated;
    private long _sentSettled;
    private string? _navigation;
    private string? _head;

    /// <summary>The connection; null while the page waits for one.</summary>
    public IPageClient? Client => _client;

    public AckQueue Acks { get; } = new();

    /// <summary>The session and the lease whose durability acks wait for.</summary>
    public (Session Session, SliceLease? Lease)? Durability { get; set; }

    /// <summary>Where what the document is told waits until what it shows is stored; null where it does not wait.</summary>
    public HeldFrames? Held { get; set; }

    /// <summary>The sequence of the last patch.</summary>
    public long Sequence { get; private set; }

    /// <summary>The sequence of what the document showed when the user typed into it.</summary>
    public long TypedAt { get; private set; }

    /// <summary>Whether patches and acks wait for the end of the item that runs, to go out together.</summary>
    public bool IsHeld
    {
        get => _isHeld;
        set
        {
            _isHeld = value;
            Interlocked.MemoryBarrier(); // Either SendAcks sees that nothing is held, or Flush sees what became durable.
        }
    }

    /// <summary>Takes a connection, and sends the page over it: only <c>joined</c> where the document shows what the page shows, else with its HTML.</summary>
    public void Connect(IPageClient client, string? digest, long sequence, in Joining joining)
    {
        _client?.TakenOver();
        _client = client;
        SendJoined(client, digest, sequence, joining);
    }

    /// <summary>Takes a POST's client: it shows what it was served, and gets no patches.</summary>
    public void Connect(IPageClient client, string? digest, ServedPage shown)
    {
        _client = client;
        _isLagging = true;
        renderer.IndexPage(renderer.PageId, sequence: 0, rebind: false);
        var isSame = WriteDigest(shown) == digest; // Also where there is none to compare with: it finds what is shown.
        Sequence = isSame ? 0 : 1;
        if (isSame)
        {
            renderer.Handlers.ShowsAt(0);
        }
        else
        {
            renderer.IndexPage(renderer.PageId, Sequence, rebind: true);
        }

        SendNavigation(client);
    }

    /// <summary>Lets a connection go. False when it is another's turn already.</summary>
    public bool Disconnect(IPageClient client)
    {
        if (!ReferenceEquals(_client, client))
        {
            return false;
        }

        Disconnect();
        return true;
    }

    /// <summary>The page ends. A connection that took it up just then is closed, and joins again.</summary>
    public void End(MountedPage page)
    {
        _client?.Ended(page);
        Disconnect();
    }

    /// <summary>Leads the document elsewhere: now, when it is connected, or when what the event changed is stored.</summary>
    public void Navigate(string url)
    {
        if (_client is { } client && Held is null)
        {
            client.Send(ServerFrame.Navigate(url));
        }
        else
        {
            _navigation = url;
        }
    }

    private void Disconnect()
    {
        _client = null;
        _patch.Abandon();
        Held?.Clear();
    }

    /// <summary>The client has caught up: what it missed is sent as a whole.</summary>
    public void CatchUp(IPageClient client, in Joining joining)
    {
        if (_isLagging && ReferenceEquals(_client, client))
        {
            SendJoined(client, digest: null, Sequence, joining);
        }
    }

    /// <summary>Adds what was rendered to the open patch, if there is somebody to send it to.</summary>
    public void Add(in RenderBatch batch)
    {
        if (_client is not { } client)
        {
            return;
        }

        if (client.IsFull || Held is { IsFull: true })
        {
            _isLagging = true; // It gets the page as a whole when it has caught up.
            _patch.Abandon();
        }

        if (!_isLagging)
        {
            _patch.Add(batch, Sequence + 1);
        }
        else
        {
            _isIndexOutdated = true;
        }
    }

    /// <summary>Sends the open patch, with what it settles and what is acked by now; or the ack alone.</summary>
    public void Flush()
    {
        if (_client is not { } client)
        {
            return;
        }

        SendHead(client);
        var acked = Held is null ? TakeAcked() : 0; // A patch may have to wait; acks do not.
        var hasRebound = renderer.Handlers.TakeRebound();
        if (_patch.IsOpen)
        {
            SendPatch(client, acked);
        }
        else
        {
            if (hasRebound)
            {
                renderer.Handlers.ShowsAt(Sequence); // Nothing that is seen has changed.
            }

            if (acked > 0)
            {
                client.Send(ServerFrame.Ack(acked));
            }
        }

        if (Held is not null)
        {
            SendNavigation(client);
            SendAcks();
        }
    }

    /// <summary>Brings the addresses up to date with what was rendered without a patch. What changed its meaning since is newer than what was seen.</summary>
    public void UpdateIndex()
    {
        if (_isIndexOutdated)
        {
            _isIndexOutdated = false;
            renderer.IndexPage(renderer.PageId, Sequence + 1, rebind: false);
        }
    }

    /// <summary>Drops the open patch, and those that wait: the page will be sent as a whole, by another instance.</summary>
    public void Abandon()
    {
        _patch.Abandon();
        if (Held is { } held)
        {
            held.Clear();
            if (_navigation is { } url && _client is { } client)
            {
                _navigation = null;
                client.Send(ServerFrame.Navigate(url)); // The other instance knows nothing of it.
            }
        }
    }

    /// <summary>Tells the document at once that an event failed; but not before the page that it is on.</summary>
    public void SendError(ServerFrame frame)
    {
        if (_client is not { } client)
        {
            frame.Return();
        }
        else if (Held is { IsJoining: true })
        {
            Send(client, frame);
        }
        else
        {
            client.Send(frame);
        }
    }

    /// <summary>Sends what waited for what is stored by now. Called on the thread of the session's writer.</summary>
    /// <returns>The client that must be sent the page as a whole now, or null.</returns>
    public IPageClient? Release() => Held?.Release();

    /// <summary>More is durable. Called on the thread of the session's writer.</summary>
    public void SendAcks()
    {
        Interlocked.MemoryBarrier();
        if (!_isHeld && Held is not { IsJoining: true } && _client is { } client && TakeAcked() is > 0 and var acked)
        {
            client.Send(ServerFrame.Ack(acked));
        }
    }

    public void Dispose() => _patch.Dispose();

    /// <summary>Sends what is in the document's head where it is not what was sent last.</summary>
    private void SendHead(IPageClient client)
    {
        if (renderer.HeadId != 0 && !_isLagging)
        {
            var before = _head;
            WriteHead();
            if (_head != before)
            {
                Send(client, ServerFrame.Head(_head!));
            }
        }
    }

    private void WriteHead()
    {
        using var html = new HtmlBuffer();
        using var writer = new PageWriter(renderer, html, withDigest: false) { IsShell = true };
        writer.WriteContent(renderer.HeadId);
        _head = html.Written.SequenceEqual(_head) ? _head : html.Written.ToString();
    }

    private void SendPatch(IPageClient client, long acked)
    {
        Sequence++;
        var settled = Acks.Settled > _sentSettled ? Acks.Settled : 0;
        _sentSettled = Math.Max(_sentSettled, settled);
        var (array, length) = _patch.Take(Sequence, settled, acked);
        Send(client, new ServerFrame(array, length));
    }

    /// <summary>Sends what shows the page's state, or lets it wait for that to be stored.</summary>
    private void Send(IPageClient client, ServerFrame frame)
    {
        if (Held is { } held)
        {
            held.Send(client, frame);
        }
        else
        {
            client.Send(frame);
        }
    }

    /// <summary>The highest event that became durable since the last call, or 0. What a fenced-off instance changed never becomes durable, though the
    /// session's version does: so the lease is looked at after the version.</summary>
    private long TakeAcked()
    {
        var durable = Durability?.Session.Durable ?? long.MaxValue;
        return Durability?.Lease is { IsSuperseded: true } ? 0 : Acks.Take(durable);
    }

    private void SendJoined(IPageClient client, string? digest, long sequence, in Joining joining)
    {
        _isLagging = false;
        _isIndexOutdated = false;
        _patch.ResetNumbers(renderer.PageId);
        renderer.IndexPage(renderer.PageId, sequence, rebind: false);
        using var html = new HtmlBuffer();
        var isSame = WriteDigest() == digest; // Also where there is none to compare with: it numbers the components.
        TypedAt = sequence;
        Sequence = isSame ? sequence : sequence + 1;
        if (isSame)
        {
            renderer.Handlers.ShowsAt(sequence);
        }
        else
        {
            if (digest is not null)
            {
                replacing();
            }

            renderer.IndexPage(renderer.PageId, Sequence, rebind: true);
            using var writer = new PageWriter(renderer, html, withDigest: false);
            writer.WriteContent(renderer.PageId);
        }

        if (renderer.HeadId != 0)
        {
            WriteHead();
        }

        var joined = ServerFrame.Joined(joining.Instance, joining.Start, joining.NextRef, Sequence, joining.Found, _head, html.Written, hasHtml: !isSame);
        if (Held is { } held)
        {
            held.Send(client, joined, isJoined: true);
        }
        else
        {
            client.SendJoined(joined);
        }

        if (TakeAcked() > 0 || Acks.Acked > 0)
        {
            Send(client, ServerFrame.Ack(Acks.Acked));
        }

        SendNavigation(client);
    }

    private void SendNavigation(IPageClient client)
    {
        if (_navigation is { } url)
        {
            _navigation = null;
            Send(client, ServerFrame.Navigate(url));
        }
    }

    private string WriteDigest(ServedPage? shown = null)
    {
        using var writer = new PageWriter(renderer, html: null, withDigest: true) { ComponentWritten = shown is null ? _patch.Number : null, Served = shown };
        writer.WriteContent(renderer.PageId);
        return writer.Digest;
    }

    /// <summary>What a <c>joined</c> says besides the page.</summary>
    internal readonly record struct Joining(string Instance, string Start, long NextRef, string Found);
}
