using Holdfast.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Security;

/// <summary>Whether a request comes from the app's own pages. Looks at scheme and host as they are after forwarded headers.</summary>
internal sealed class OriginCheck(ConnectionMetrics metrics)
{
    /// <summary>A request without an <c>Origin</c> does not come from a script of another site: browsers always send it there.</summary>
    public bool Allows(HttpRequest request)
    {
        string? origin = request.Headers.Origin;
        if (origin is null)
        {
            return true;
        }

        var expected = $"{request.Scheme}://{request.Host.Value}";
        if (string.Equals(origin, expected, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        // Under 'Referrer-Policy: no-referrer' a browser hides the origin of a form, and says only that it is the same.
        if (origin == "null" && request.Headers["Sec-Fetch-Site"] == "same-origin")
        {
            return true;
        }

        metrics.OriginRefused(origin, expected);
        return false;
    }
}
