using System.Globalization;
using Holdfast.Sessions;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Posts;

/// <summary>
/// What the address of the page that follows a POST names: the part of the session in which the POST left the members of its tab. Good for a minute, and
/// until the next write. The minute is for addresses that are kept or passed on: the time in it can be changed, but what it names is only in the session of whoever posted.
/// </summary>
internal static class CarriedToken
{
    private const string Parameter = "holdfast-post";
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    /// <summary>Adds the token to the address of the page that follows.</summary>
    public static string AddTo(string url, string post, DateTimeOffset now) =>
        $"{url}{(url.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{Parameter}={post}.{now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}";

    /// <summary>The part that a request names; null when it names none, or too late.</summary>
    public static string? PartOf(HttpRequest request, DateTimeOffset now)
    {
        var token = request.Query[Parameter].ToString();
        var dot = token.LastIndexOf('.');
        return dot > 0
            && long.TryParse(token.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            && now.ToUnixTimeSeconds() - seconds is >= 0 and var age && age <= Lifetime.TotalSeconds
                ? TabPart.CarriedBy(token[..dot])
                : null;
    }

    /// <summary>The query of a request without the token: what the page is told, and what its next POST leads back to.</summary>
    public static string QueryWithout(HttpRequest request)
    {
        var query = request.QueryString.ToUriComponent();
        if (!query.Contains(Parameter + "=", StringComparison.Ordinal))
        {
            return query;
        }

        var rest = string.Join('&', query[1..].Split('&').Where(parameter => !parameter.StartsWith(Parameter + "=", StringComparison.Ordinal)));
        return rest.Length == 0 ? "" : "?" + rest;
    }
}
