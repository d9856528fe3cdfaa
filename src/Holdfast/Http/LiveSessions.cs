using Holdfast.Security;
using Holdfast.Sessions;
using Holdfast.Stores;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Http;

/// <inheritdoc cref="ILiveSessions"/>
internal sealed class LiveSessions(SessionRegistry sessions, SessionCookie cookie, StorageKeys keys, ISessionStore store) : ILiveSessions
{
    public async Task DeleteAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var ids = new[] { cookie.Read(context, ofUser: true), cookie.Read(context, ofUser: false) };
        if (!context.Response.HasStarted)
        {
            cookie.Drop(context, ofUser: true);
            cookie.Drop(context, ofUser: false);
        }

        foreach (var id in ids)
        {
            if (id is not null)
            {
                await DeleteAsync(id.Record, owner => owner.Generation <= id.Generation, new RecordOwner(null, id.Generation), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public async Task<int> DeleteUserAsync(string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        var deleted = 0;
        foreach (var key in keys.All)
        {
            deleted += await DeleteAsync(key.NameOf(user), static _ => true, new RecordOwner(key.TagOf(user), 0), cancellationToken).ConfigureAwait(false) ? 1 : 0;
        }

        var tags = keys.All.Select(key => key.TagOf(user)).ToHashSet(StringComparer.Ordinal);
        await foreach (var record in store.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (record.StartsWith("anon:", StringComparison.Ordinal))
            {
                deleted += await DeleteAsync(record, owner => owner.User is not null && tags.Contains(owner.User), RecordOwner.Visitor, cancellationToken).ConfigureAwait(false) ? 1 : 0;
            }
        }

        return deleted;
    }

    /// <summary>Empties a record in one write, and raises its generation: whoever still has a claim to it finds that it is dead.</summary>
    /// <returns>Whether the record was there.</returns>
    private async Task<bool> DeleteAsync(string record, Func<RecordOwner, bool> isMeant, RecordOwner after, CancellationToken cancellationToken)
    {
        var session = await sessions.UseAsync(record, cancellationToken).ConfigureAwait(false);
        try
        {
            var existed = session.Exists;
            while (session.Owner is var owner && isMeant(owner) && (existed || record.StartsWith("anon:", StringComparison.Ordinal)))
            {
                var next = after with { Generation = Math.Max(owner.Generation, after.Generation) + 1 };
                if (await session.ChangeOwnerAsync(owner, next, keepsState: false, cancellationToken).ConfigureAwait(false))
                {
                    return existed;
                }
            }

            return false;
        }
        finally
        {
            session.Release();
        }
    }
}
