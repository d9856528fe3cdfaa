using System.Security.Cryptography;
using Holdfast.Stores;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace Holdfast.Security;

/// <summary>
/// The secrets by which records are named: those of <see cref="HoldfastOptions.StorageKeys"/>, else one random key that the nodes share through the store, where it is kept
/// under the protection of the Data Protection keys. Loaded once, when the host starts; thread-safe afterwards.
/// </summary>
internal sealed class StorageKeys(IOptions<HoldfastOptions> options, IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>The record that the shared key is kept in. No session has such a name.</summary>
    public const string Record = "config:storage-key";

    private static readonly EntryKey Entry = new("", EntryKind.Member, "key");
    private readonly IDataProtector _protector = protection.CreateProtector("Holdfast.StorageKey.v1");
    private StorageKey[]? _all;

    /// <summary>New records are named by it.</summary>
    public StorageKey Current => All[0];

    /// <summary>The current key first, then those that older records are still named by.</summary>
    public IReadOnlyList<StorageKey> All => _all ?? throw new InvalidOperationException(
        "The storage keys are not loaded yet: a page was asked for before the host had started. Start the host (app.Run or app.StartAsync) first.");

    public StorageKey? Find(uint id) => All.FirstOrDefault(key => key.Id == id);

    /// <summary>Reads the keys, or makes one.</summary>
    /// <exception cref="InvalidOperationException">The stored key cannot be read.</exception>
    public async Task LoadAsync(ISessionStore store, CancellationToken cancellationToken)
    {
        _all ??= options.Value.StorageKeys is { Count: > 0 } configured
            ? [.. configured.Select(key => new StorageKey(Convert.FromBase64String(key)))]
            : [new StorageKey(await ReadOrMakeAsync(store, cancellationToken).ConfigureAwait(false))];
    }

    private async Task<byte[]> ReadOrMakeAsync(ISessionStore store, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await store.ReadAsync(Record, 0, cancellationToken).ConfigureAwait(false);
            if (read.Session is { } stored)
            {
                return Open(stored);
            }

            var secret = RandomNumberGenerator.GetBytes(StorageKey.MinBytes);
            var write = new SessionWrite(0, time.GetUtcNow().AddYears(100), [new EntryChange(Entry, _protector.Protect(secret))]);
            if ((await store.WriteAsync(Record, write, cancellationToken).ConfigureAwait(false)).Committed)
            {
                return secret;
            }
        }
    }

    private byte[] Open(StoredSession stored)
    {
        try
        {
            return _protector.Unprotect(stored.Entries[Entry]);
        }
        catch (Exception exception) when (exception is CryptographicException or KeyNotFoundException)
        {
            throw new InvalidOperationException(
                $"The key that sessions are stored by cannot be read: the store's record '{Record}' was protected by a Data Protection key which this app does not have, so that no session could be found again. "
                + "Give every node the same key ring and application name, or set 'Holdfast:StorageKeys'. Deleting the record lets all sessions begin anew.",
                exception);
        }
    }
}
