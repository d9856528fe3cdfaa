using Holdfast.Security;
using Holdfast.Sessions;

namespace Holdfast.Http;

/// <summary>Finds the record of a signed-in user. Thread-safe.</summary>
internal sealed class UserRecords(SessionRegistry sessions, StorageKeys keys)
{
    /// <summary>Gets the user's record, as it is in the store now: one that was made under an older storage key stays under it. The caller ends its use with
    /// <see cref="Session.Release"/>.</summary>
    /// <exception cref="Exception">What the store throws when it cannot be read, or does not answer in time.</exception>
    public async Task<(StorageKey Key, Session Record)> UseAsync(string user, TimeSpan limit, CancellationToken cancellationToken)
    {
        Session? current = null;
        try
        {
            foreach (var key in keys.All)
            {
                var record = await sessions.UseAsync(key.NameOf(user), limit, cancellationToken).ConfigureAwait(false);
                if (record.Exists)
                {
                    current?.Release();
                    return (key, record);
                }

                if (current is null)
                {
                    current = record;
                }
                else
                {
                    record.Release();
                }
            }
        }
        catch
        {
            current?.Release();
            throw;
        }

        return (keys.Current, current!);
    }
}
