using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Holdfast.Stores;
using Microsoft.AspNetCore.DataProtection;

namespace Holdfast.Security;

/// <summary>Keeps every value encrypted in another store, which it owns. Keys, revisions, expiries and the names of entries stay in clear: stores find by them.</summary>
/// <remarks>
/// <para>Each value is bound to its record and its entry: put elsewhere it is refused. That an entry was removed, or an older value of its own put back, is not noticed.</para>
/// <para><b>One entry that cannot be decrypted fails the whole read.</b> It is not like bytes that a view cannot understand, where the rest is restored: it means that
/// keys are missing or that somebody altered the store. Taken for an absent entry it would be written over, and a page would work on defaults that stand for unread state.
/// So nothing is shown and nothing is written until the keys are back, the session is deleted, or it expires.</para>
/// </remarks>
internal sealed class EncryptedSessionStore(ISessionStore inner, IDataProtectionProvider protection, bool readsUnencrypted) : ISessionStore, IAsyncDisposable, IDisposable
{
    private readonly IDataProtector _protector = protection.CreateProtector("Holdfast.Store.v1");

    /// <summary>What it keeps values in.</summary>
    public ISessionStore Inner => inner;

    public StoreDurability Durability => inner.Durability;

    public ValueTask OpenAsync(CancellationToken cancellationToken) => inner.OpenAsync(cancellationToken);

    public async ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await inner.ReadAsync(key, knownRevision, cancellationToken).ConfigureAwait(false);
            if (read.Session is not { } session)
            {
                return read;
            }

            if (!readsUnencrypted || session.Entries.Values.All(IsProtected))
            {
                return read with { Session = session with { Entries = Decrypt(key, session.Entries) } };
            }

            // What was stored before encryption is encrypted now, all of it: what never changes would stay in clear else.
            await EncryptStoredAsync(key, session, cancellationToken).ConfigureAwait(false);
            knownRevision = 0;
        }
    }

    public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(write);
        return inner.WriteAsync(key, write with { Changes = Encrypt(key, write.Changes) }, cancellationToken);
    }

    public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);

    public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

    public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => inner.SweepAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (inner is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync().ConfigureAwait(false);
        }
        else
        {
            (inner as IDisposable)?.Dispose();
        }
    }

    /// <summary>For a host that is disposed synchronously.</summary>
    public void Dispose()
    {
        if (inner is IDisposable disposable)
        {
            disposable.Dispose();
        }
        else if (inner is IAsyncDisposable asyncDisposable)
        {
            asyncDisposable.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>Somebody else may win: whoever called reads again.</summary>
    private async Task EncryptStoredAsync(string key, StoredSession session, CancellationToken cancellationToken)
    {
        EntryChange[] unencrypted = [.. session.Entries.Where(entry => !IsProtected(entry.Value)).Select(entry => new EntryChange(entry.Key, entry.Value))];
        await inner.WriteAsync(key, new SessionWrite(session.Revision, session.ExpiresAt, Encrypt(key, unencrypted)), cancellationToken).ConfigureAwait(false);
    }

    private EntryChange[] Encrypt(string key, IReadOnlyList<EntryChange> changes)
    {
        var record = _protector.CreateProtector(key);
        var encrypted = new EntryChange[changes.Count];
        for (var i = 0; i < encrypted.Length; i++)
        {
            var change = changes[i];
            encrypted[i] = change.Value is { } value ? change with { Value = Encrypt(record, change.Key, value) } : change;
        }

        return encrypted;
    }

    private static byte[] Encrypt(IDataProtector record, EntryKey entry, byte[] value)
    {
        try
        {
            return ProtectorOf(record, entry).Protect(value);
        }
        catch (CryptographicException exception)
        {
            throw new SessionStoreException(
                $"A value of '{entry.Slice}' cannot be encrypted: {exception.Message} EncryptAtRest() needs a Data Protection key, and none could be used. "
                + "Look at what Data Protection logs about its key ring, and make the place where the keys are kept readable and writable.",
                exception);
        }
    }

    private Dictionary<EntryKey, byte[]> Decrypt(string key, IReadOnlyDictionary<EntryKey, byte[]> entries)
    {
        var record = _protector.CreateProtector(key);
        var decrypted = new Dictionary<EntryKey, byte[]>(entries.Count);
        foreach (var (entry, value) in entries)
        {
            decrypted.Add(entry, Decrypt(record, entry, value));
        }

        return decrypted;
    }

    private static byte[] Decrypt(IDataProtector record, EntryKey entry, byte[] value)
    {
        try
        {
            return ProtectorOf(record, entry).Unprotect(value);
        }
        catch (CryptographicException exception)
        {
            throw new SessionStoreException(
                $"A session cannot be read: its {entry.Kind} entry '{entry.Name}' of '{entry.Slice}' cannot be decrypted. " + (IsProtected(value)
                    ? "Its Data Protection key is lost or revoked, or the store was altered; the session is left as it is. Bring the key ring back (all nodes must share it), or delete the session."
                    : "It was stored before EncryptAtRest() was called, or put there by somebody else. To take over what was stored before, call EncryptAtRest(readUnencrypted: true) until sessions from before have expired."),
                exception);
        }
    }

    /// <summary>NUL is in neither part, so that no two entries have one purpose.</summary>
    private static IDataProtector ProtectorOf(IDataProtector record, EntryKey entry) => record.CreateProtector($"{LetterOf(entry.Kind)}\0{entry.Slice}\0{entry.Name}");

    /// <summary>The letters of <see cref="EntryKind"/>: they are part of what is stored, as its numbers and names are not.</summary>
    private static char LetterOf(EntryKind kind) => kind switch
    {
        EntryKind.Slice => 's',
        EntryKind.Member => 'm',
        EntryKind.Tab => 't',
        _ => throw new SwitchExpressionException(kind),
    };

    /// <summary>Whether a value begins as all that Data Protection makes; no JSON does. Source: "Authenticated encryption details" of ASP.NET Core's documentation.</summary>
    private static bool IsProtected(byte[] value) => value.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x09, 0xF0, 0xC9, 0xF0]);
}
