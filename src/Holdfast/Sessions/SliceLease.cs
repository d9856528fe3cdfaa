namespace Holdfast.Sessions;

/// <summary>One instance's right to write one slice, for one tab. Its fields are used only under the session's gate, but for
/// <see cref="IsSuperseded"/>, which only ever becomes true.</summary>
internal sealed class SliceLease(Session session, Slice slice, string tab, string instance, RecordOwner claim, ILeaseHolder holder)
{
    private volatile bool _superseded;

    public Session Session => session;

    public Slice Slice { get; set; } = slice;

    public string Tab => tab;

    public string Instance => instance;

    /// <summary>As whose the page was opened.</summary>
    public RecordOwner Claim => claim;

    public ILeaseHolder Holder => holder;

    /// <summary>The part that the tab's members are left in for the page that follows a POST; null for a live page.</summary>
    public string? Carried { get; init; }

    /// <summary>The fence that this instance last read or wrote.</summary>
    public Fence Fence { get; set; }

    /// <summary>Up to which version of the session this instance has taken over what others changed.</summary>
    public long Seen { get; set; }

    /// <summary>The version of this instance's last change.</summary>
    public long Written { get; set; }

    /// <summary>The version of the newest state that this instance may show: what it read, took over or changed itself. Set only by what its page does, which may read it without the gate.</summary>
    public long Shown { get; set; }

    /// <summary>Whether what its page shows must be stored first.</summary>
    public bool IsBeforePatch { get; init; }

    /// <summary>Whether a newer instance has written, so that nothing of this one may be written any more.</summary>
    public bool IsSuperseded => _superseded;

    public void Supersede() => _superseded = true;
}

/// <summary>Who is told what became of a lease. Called on the thread that wrote, without any lock held.</summary>
internal interface ILeaseHolder
{
    /// <summary>More of the session is durable: see <see cref="Session.Durable"/>.</summary>
    void OnDurable();

    /// <summary>A newer instance wrote, or the state was deleted: this one must end.</summary>
    void OnSuperseded();
}

/// <summary>The record is another's, or what showed the right to it was revoked: somebody signed in or out, or the state was deleted.</summary>
/// <param name="isRenewable">Whether the same visitor may have it with a fresh ticket; else the page must be loaded anew.</param>
internal sealed class ForeignRecordException(bool isRenewable) : Exception("The session is another's now: somebody signed in or out, or its state was deleted. The page is loaded again.")
{
    public bool IsRenewable => isRenewable;
}
