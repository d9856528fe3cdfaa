using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Holdfast.Stores;

namespace Holdfast.S3;

/// <summary>What this server makes of conditions, found out with an object of its own.</summary>
/// <param name="TakesQuotes">Whether <c>If-Match</c> of a PUT holds the ETag in quotes, as RFC 9110 §13.1.1 says and Amazon takes it; Ceph up to 16.2 compares
/// what stands there with the bare one.</param>
/// <param name="DeletesConditionally">Whether a DELETE looks at <c>If-Match</c>.</param>
internal sealed record S3Conditions(bool TakesQuotes, bool DeletesConditionally)
{
    private static readonly byte[] s_content = "Holdfast tried here whether this server keeps to conditions."u8.ToArray();

    /// <summary>An ETag as it stands in <c>If-Match</c>.</summary>
    public string IfMatch(string eTag) => TakesQuotes ? Quote(eTag) : eTag;

    /// <summary>Tries the server out.</summary>
    /// <exception cref="SessionStoreException">It ignores conditions, or refuses such as are met.</exception>
    public static async Task<S3Conditions> ProbeAsync(BucketClient bucket, CancellationToken call)
    {
        var name = $"{bucket.Prefix}probes/{Guid.NewGuid():N}";
        // Where the right to list is lacking this is a 403, and so would every visitor be.
        await bucket.GetAsync(name, knownETag: null, firstBytes: 0, call).ConfigureAwait(false);
        var eTag = await bucket.PutAsync(name, s_content, ifMatch: null, ifNoneMatch: "*", call).ConfigureAwait(false);
        try
        {
            await ExpectRefusalAsync(bucket, name, ifMatch: null, ifNoneMatch: "*", call).ConfigureAwait(false);
            var takesQuotes = await TakesQuotesAsync(bucket, name, eTag, call).ConfigureAwait(false);
            var other = new string('0', 32);
            await ExpectRefusalAsync(bucket, name, takesQuotes ? Quote(other) : other, ifNoneMatch: null, call).ConfigureAwait(false);
            var deletesConditionally = !await bucket.DeleteAsync(name, Quote(other), call).ConfigureAwait(false);
            return new S3Conditions(takesQuotes, deletesConditionally);
        }
        finally
        {
            await CleanUpAsync(bucket, name, call).ConfigureAwait(false);
        }
    }

    private static async Task CleanUpAsync(BucketClient bucket, string name, CancellationToken call)
    {
        try
        {
            await bucket.DeleteAsync(name, ifMatch: null, call).ConfigureAwait(false);
        }
        catch (Exception exception) when (S3Errors.IsServers(exception))
        {
            // What failed before this says more. The object is short, and nothing reads it.
        }
    }

    private static async Task ExpectRefusalAsync(BucketClient bucket, string name, string? ifMatch, string? ifNoneMatch, CancellationToken call)
    {
        try
        {
            await bucket.PutAsync(name, s_content, ifMatch, ifNoneMatch, call).ConfigureAwait(false);
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            return;
        }

        throw S3Errors.IgnoresConditions(bucket, ifMatch is null ? "If-None-Match: * on an object that is there" : "If-Match with an ETag that the object never had");
    }

    private static async Task<bool> TakesQuotesAsync(BucketClient bucket, string name, string eTag, CancellationToken call)
    {
        try
        {
            await bucket.PutAsync(name, s_content, Quote(eTag), ifNoneMatch: null, call).ConfigureAwait(false);
            return true;
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            // Without quotes, then.
        }

        try
        {
            await bucket.PutAsync(name, s_content, eTag, ifNoneMatch: null, call).ConfigureAwait(false);
            return false;
        }
        catch (AmazonServiceException exception) when (S3Errors.OutcomeOf(exception) != RequestOutcome.Unknown)
        {
            throw S3Errors.RefusesConditions(bucket, exception);
        }
    }

    private static string Quote(string eTag) => $"\"{eTag}\"";
}
