using Microsoft.AspNetCore.Http;

namespace Holdfast;

/// <summary>What an app can do with the sessions of its visitors and users from outside of a view. A singleton; thread-safe.</summary>
public interface ILiveSessions
{
    /// <summary>
    /// Deletes what the browser of a request has stored, the visitor's session and the signed-in user's, and takes its cookies away. Its open tabs, on every node, end and begin
    /// anew; none writes old state back. What is stored with the user (<see cref="Scope.User"/>) stays.
    /// </summary>
    /// <remarks>Signing out through ASP.NET Core (<c>HttpContext.SignOutAsync</c> of the default scheme) does the same by itself. Call it before the body of the response.</remarks>
    /// <exception cref="Exception">What the store throws. The cookies are taken away all the same.</exception>
    Task DeleteAsync(HttpContext context, CancellationToken cancellationToken = default);

    /// <summary>
    /// Deletes all state of a user: the user's own record, and every browser's session in which the user is signed in. Open tabs, on every node, end and begin anew; none writes old
    /// state back.
    /// </summary>
    /// <param name="user">What identifies the user: the claim <see cref="System.Security.Claims.ClaimTypes.NameIdentifier"/>, else the name.</param>
    /// <param name="cancellationToken">Ends it; some records may be left.</param>
    /// <returns>How many records had something.</returns>
    /// <remarks>Reads every session in the store once: it is for a person who leaves, not for each request. Sessions that begin meanwhile may be missed, so sign the user out first.</remarks>
    /// <exception cref="Exception">What the store throws; some records may be left. Call it again.</exception>
    Task<int> DeleteUserAsync(string user, CancellationToken cancellationToken = default);
}
