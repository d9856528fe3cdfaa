using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Holdfast.Stores;

namespace Holdfast.S3;

/// <summary>What a request's failure says about whether it was done.</summary>
internal enum RequestOutcome : byte
{
    /// <summary>The server answered that a condition was not met.</summary>
    Refused,

    /// <summary>The server failed, or no answer came: it may have been done, or may yet be.</summary>
    Unknown,

    /// <summary>It was not done, and will not be if it is tried again.</summary>
    Failed,
}

/// <summary>What failures of the client mean, and the texts of what can go wrong: what happened, why, and what to do.</summary>
internal static class S3Errors
{
    private const string Section = S3StoreOptions.Section;

    /// <summary>Whether the object is not there; a bucket that is not there is something else.</summary>
    public static bool IsMissing(AmazonS3Exception exception) => exception.StatusCode == HttpStatusCode.NotFound && exception.ErrorCode == "NoSuchKey";

    public static RequestOutcome OutcomeOf(Exception exception) => exception switch
    {
        AmazonS3Exception { StatusCode: HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict } => RequestOutcome.Refused,
        // Amazon's answer to If-Match on an object that is not there.
        AmazonS3Exception missing when IsMissing(missing) => RequestOutcome.Refused,
        AmazonServiceException { ErrorCode: "RequestTimeout" or "SlowDown" or "RequestTimeoutException" } => RequestOutcome.Unknown,
        AmazonServiceException { StatusCode: HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout } => RequestOutcome.Unknown,
        AmazonServiceException service => service.StatusCode is 0 or >= HttpStatusCode.InternalServerError ? RequestOutcome.Unknown : RequestOutcome.Failed,
        HttpRequestException or IOException or TimeoutException or OperationCanceledException => RequestOutcome.Unknown,
        _ => RequestOutcome.Failed,
    };

    /// <summary>Whether it is the server, the network or the client's settings; anything else is a fault of ours, and is not dressed up.</summary>
    public static bool IsServers(Exception exception) =>
        exception is AmazonClientException or AmazonServiceException or HttpRequestException or IOException or TimeoutException or OperationCanceledException;

    public static SessionStoreException NoClient(string bucket, Exception cause) => new(
        $"The session store's bucket '{bucket}' cannot be reached: {Reason(cause)}. The AWS SDK found no region for it in the options, the environment or a "
        + $"profile. Set '{Section}:Region', or '{Section}:Endpoint' for a server that is not Amazon's.",
        cause);

    public static SessionStoreException CannotOpen(BucketClient bucket, Exception cause) =>
        new($"The session store's bucket '{bucket.Name}' at {bucket.Address} could not be opened: {Reason(cause)}. {Advice(bucket, cause)}", cause);

    public static SessionStoreException CannotRead(BucketClient bucket, Exception cause) =>
        new($"A session could not be read from the bucket '{bucket.Name}' at {bucket.Address}: {Reason(cause)}. {Advice(bucket, cause)}", cause);

    public static SessionStoreException CannotWrite(BucketClient bucket, Exception cause) =>
        new($"A session's change could not be written to the bucket '{bucket.Name}' at {bucket.Address}: {Reason(cause)}. {Advice(bucket, cause)}", cause);

    public static SessionStoreException CannotUseKeyRing(BucketClient bucket, Exception cause) =>
        new($"The Data Protection keys in the bucket '{bucket.Name}' at {bucket.Address} could not be used: {Reason(cause)}. {Advice(bucket, cause)}", cause);

    public static SessionStoreException IgnoresConditions(BucketClient bucket, string condition) => new(
        $"The session store's bucket '{bucket.Name}' at {bucket.Address} cannot hold sessions: the server took a PUT whose condition, {condition}, was not met. "
        + "Two nodes that write one session at once would lose one of the changes. Use a server with conditional writes: Amazon S3, or Ceph, MinIO or R2 "
        + "in a current version.");

    public static SessionStoreException RefusesConditions(BucketClient bucket, Exception cause) => new(
        $"The session store's bucket '{bucket.Name}' at {bucket.Address} cannot hold sessions: the server refused a PUT whose condition, If-Match with the object's own "
        + $"ETag, was met: {Reason(cause)}. Sessions are changed by such PUTs alone. Use a server with conditional writes: Amazon S3, or Ceph, MinIO or R2 in a "
        + "current version.",
        cause);

    public static SessionStoreException Damaged(BucketClient bucket, string name, InvalidDataException cause) => new(
        $"The object '{name}' in the bucket '{bucket.Name}' at {bucket.Address} is not a session that can be read: {cause.Message}. It is damaged, or something else "
        + "has written it, and it is left as it is. Put a backup in its place, deploy a version that knows it, or delete it: then this one session begins anew.",
        cause);

    public static SessionStoreException DamagedKey(BucketClient bucket, string name, Exception cause) => new(
        $"The object '{name}' in the bucket '{bucket.Name}' at {bucket.Address} is not a Data Protection key: {FirstLine(cause.Message)}. Something else has written "
        + "it, or changed it. Put a backup in its place, or delete it: cookies that were made with that key are then no longer read.",
        cause);

    public static SessionStoreException TooLong(BucketClient bucket, string name, Exception cause) => new(
        $"A session's change was not written: the object '{name}' in the bucket '{bucket.Name}' would have {cause.Message}, of at most {StoredObject.MaxBytes}. Each "
        + "write sends the whole of it. Keep such data in objects of its own, and their names in the session.",
        cause);

    public static SessionStoreException OutcomeUnknown(BucketClient bucket, string name, Exception cause) => new(
        $"A session's change may have been written to '{name}' in the bucket '{bucket.Name}' at {bucket.Address} or not: {Reason(cause)}. The answer was lost, and more "
        + $"than {StoredObject.WriteIds} other writes came before a look at the object. Write again: if it was written, that conflicts.",
        cause);

    public static InvalidOperationException NotOpen() => new(
        "The S3 store was used before it was open. Only then does it know which form of conditions its server takes. Await 'OpenAsync' first; a host does so "
        + "at its start.");

    private static string Reason(Exception cause) => cause switch
    {
        AmazonServiceException { ErrorCode: { Length: > 0 } code } service =>
            $"the server answered {(int)service.StatusCode} {code}{(service.Message is { Length: > 0 } text && text != code ? $" ({FirstLine(text)})" : "")}",
        AmazonServiceException { StatusCode: not 0 } service => $"the server answered {(int)service.StatusCode}",
        OperationCanceledException => "no answer came in time",
        { InnerException: { } inner } when cause is AmazonServiceException => Reason(inner),
        _ => FirstLine(cause.Message),
    };

    private static string FirstLine(string text) => text.Split('\n', 2)[0].Trim().TrimEnd('.', ':');

    private static string Advice(BucketClient bucket, Exception cause) => cause switch
    {
        AmazonServiceException { ErrorCode: "NoSuchBucket" } =>
            $"There is no such bucket, and it is not made, because its region and its rights are yours to choose. Make it (aws s3 mb s3://{bucket.Name}), or set '{Section}:Bucket'.",
        AmazonServiceException { ErrorCode: "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "InvalidToken" or "ExpiredToken" } =>
            $"The server does not take these credentials. Look at '{Section}:AccessKey' and '{Section}:SecretKey', or at what the AWS SDK finds in environment and profile.",
        AmazonServiceException { ErrorCode: "RequestTimeTooSkewed" } =>
            "The clock of this machine is wrong, and S3 signs requests by the time. Set it right.",
        AmazonServiceException { StatusCode: HttpStatusCode.Forbidden } =>
            $"The credentials lack a right. Allow s3:GetObject, s3:PutObject and s3:DeleteObject on '{bucket.Name}/{bucket.Prefix}*', and s3:ListBucket on '{bucket.Name}' (without "
            + "it S3 says 403 where there is no object).",
        AmazonServiceException { StatusCode: HttpStatusCode.NotImplemented } =>
            "The server does not know conditional writes, without which nodes overwrite each other's changes. Use Amazon S3, or Ceph, MinIO or R2 in a current version.",
        AmazonServiceException { StatusCode: HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect } =>
            $"The bucket is in another region. Set '{Section}:Region' to it.",
        AmazonServiceException { StatusCode: >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError } =>
            "The server does not take the request. Look the code up in the server's documentation.",
        AmazonClientException when cause is not AmazonServiceException =>
            $"The AWS SDK looks in the environment, a profile and the machine's role. Set '{Section}:AccessKey' and '{Section}:SecretKey', or give it one of those.",
        _ =>
            $"The server is not there, overloaded or out of reach. Start it, or set '{Section}:Endpoint' to where it is; to try things out: docker run -p 9000:9000 "
            + "minio/minio server /data",
    };
}
