using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;

namespace Holdfast.Http;

/// <summary>Marks the endpoint of a page's POSTs.</summary>
internal sealed class PagePostMetadata;

/// <summary>Where the app has an endpoint of its own for the same POST of the same route, the app's comes first. Without it the two would be ambiguous.</summary>
internal sealed class OwnPostPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    /// <summary>After the framework's own: what a method or a host rules out is no rival.</summary>
    public override int Order => 10_000;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => endpoints.Any(endpoint => endpoint.Metadata.GetMetadata<PagePostMetadata>() is not null);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        for (var i = 0; i < candidates.Count; i++)
        {
            if (IsPages(candidates, i) && HasRival(candidates, i))
            {
                candidates.SetValidity(i, false);
            }
        }

        return Task.CompletedTask;
    }

    private static bool HasRival(CandidateSet candidates, int index)
    {
        for (var i = 0; i < candidates.Count; i++)
        {
            if (i != index && candidates.IsValidCandidate(i) && candidates[i].Score == candidates[index].Score && !IsPages(candidates, i))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsPages(CandidateSet candidates, int index) =>
        candidates.IsValidCandidate(index) && candidates[index].Endpoint.Metadata.GetMetadata<PagePostMetadata>() is not null;
}
