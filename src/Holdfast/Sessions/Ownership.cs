using Holdfast.Stores;

namespace Holdfast.Sessions;

/// <summary>
/// Owns whose a record is, as last stored or changed here, and whether that change is on its way. Called only under the session's gate. See
/// docs/decisions/008-whose-a-session-is.md.
/// </summary>
internal sealed class Ownership
{
    private RecordOwner _stored;
    private RecordOwner _sent;
    private bool _isRevoking;
    private bool _isRevokingSent;
    private bool _isChangingSent;
    private bool _isEmptied;

    /// <summary>Whose the record is.</summary>
    public RecordOwner Owner { get; private set; }

    /// <summary>Whether a change waits to be written. The owner of a new record does not: it goes with the first change of state.</summary>
    public bool IsChanging { get; private set; }

    /// <summary>Whether a change waits to be written that leaves nothing of the state, whoever wrote it.</summary>
    public bool IsEmptying => _isEmptied && Owner != _stored;

    /// <summary>Whether a claim still counts: it is the owner's, and nothing of its generation was revoked.</summary>
    /// <param name="claimed">The claim.</param>
    /// <param name="exists">Whether the record is stored: one that is not is whose it will be.</param>
    public bool Admits(RecordOwner claimed, bool exists) =>
        Owner.Generation <= claimed.Generation && (Owner.User == claimed.User || (!exists && Owner == RecordOwner.Visitor));

    /// <summary>Lets an instance in.</summary>
    /// <exception cref="ForeignRecordException">The record is another's, or the claim was revoked.</exception>
    public void Enter(RecordOwner claimed, bool exists)
    {
        if (!Admits(claimed, exists))
        {
            throw new ForeignRecordException(claimed.User is null || claimed.User == Owner.User);
        }

        if (!exists && Owner == RecordOwner.Visitor)
        {
            Owner = claimed;
        }
    }

    public void Change(RecordOwner next, bool keepsState)
    {
        _isEmptied = !keepsState || IsEmptying;
        Owner = next;
        IsChanging = true;
        Revoke();
    }

    /// <summary>Other nodes are to be told once the next write is durable.</summary>
    public void Revoke() => _isRevoking = true;

    public void AddTo(List<EntryChange> changes)
    {
        if (Owner != _stored)
        {
            changes.Add(new EntryChange(RecordOwner.Entry, Owner.Encode()));
        }
    }

    /// <summary>What is here is on its way to the store.</summary>
    public void Send()
    {
        _sent = Owner;
        _isRevokingSent = _isRevoking;
        _isChangingSent = IsChanging;
        _isRevoking = IsChanging = false;
    }

    /// <summary>What was sent is stored.</summary>
    /// <returns>Whether other nodes are to be told.</returns>
    public bool Committed()
    {
        var isRevoked = _isRevokingSent;
        _isRevokingSent = _isChangingSent = false;
        _stored = _sent;
        return isRevoked;
    }

    /// <summary>What was sent is not known to be stored.</summary>
    public void KeepUnsaved()
    {
        IsChanging |= _isChangingSent;
        _isRevoking |= _isRevokingSent;
        _isRevokingSent = _isChangingSent = false;
    }

    /// <summary>Takes over whose the record is in the store, unless that is about to change here. One that is gone from the store keeps its owner.</summary>
    /// <returns>Whether it has changed hands elsewhere, so that nothing of ours may be written.</returns>
    public bool TakeOver(StoredSession? stored)
    {
        var owner = stored is not null && stored.Entries.TryGetValue(RecordOwner.Entry, out var json) ? RecordOwner.Decode(json) : RecordOwner.Visitor;
        var isAnothers = stored is not null && owner != _stored && owner != _sent && owner != Owner;
        _stored = owner;
        if (isAnothers)
        {
            Owner = owner;
            IsChanging = false;
        }

        return isAnothers;
    }
}
