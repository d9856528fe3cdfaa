using System.Net;
using System.Runtime.CompilerServices;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Holdfast.Stores;

namespace Holdfast.S3;

/// <summary>The requests that store and key ring make of the bucket, each with a deadline. Owns the client, unless the application brought one. Called from
/// any thread.</summary>
/// <remarks>The SDK's own retries are off in a client of ours: it repeats a conditional PUT blindly after a lost answer, and is then refused on account of
/// its own first try. Reads and deletes are repeated here; a write is repeated by the store, which looks between the tries.</remarks>
internal sealed class BucketClient : IDisposable
{
    /// <summary>How often a read or a delete is tried. Chosen, with the pauses between: a server that restarts or throttles for a moment is not noticed.</summary>
    private const int Tries = 3;

    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(50);

    private readonly S3StoreOptions _options;
    private readonly IAmazonS3 _client;
    private readonly bool _isOurs;

    /// <param name="options">Which bucket, and how to reach it.</param>
    /// <param name="client">The application's client, which it disposes; null: one is made by the options.</param>
    /// <exception cref="SessionStoreException">No client can be made of these options.</exception>
    public BucketClient(S3StoreOptions options, IAmazonS3? client)
    {
        _options = options;
        _isOurs = client is null;
        _client = client ?? MakeClient(options);
        Address = _client.Config.ServiceURL is { Length: > 0 } url ? url.TrimEnd('/') : $"S3 in {_client.Config.RegionEndpoint?.SystemName ?? "its region"}";
    }

    /// <summary>The bucket's name.</summary>
    public string Name => _options.Bucket;

    /// <summary>What the names of all objects begin with.</summary>
    public string Prefix => _options.Prefix;

    /// <summary>The server, for messages.</summary>
    public string Address { get; }

    /// <summary>The whole time that a call has. Disposed by the caller.</summary>
    public CancellationTokenSource StartCall(CancellationToken cancellationToken) => Limit(_options.CallTimeout, cancellationToken);

    /// <summary>Reads an object; tried again where the server or the connection failed.</summary>
    /// <param name="name">The object's name.</param>
    /// <param name="knownETag">The ETag of what the caller has; an object that still has it is not read.</param>
    /// <param name="firstBytes">How many bytes to read; 0 is all.</param>
    /// <param name="call">The call's end.</param>
    /// <exception cref="InvalidDataException">It is longer than any of ours.</exception>
    public Task<FetchedObject> GetAsync(string name, string? knownETag, int firstBytes, CancellationToken call) =>
        RepeatAsync(token => GetOnceAsync(name, knownETag, firstBytes, token), call);

    /// <summary>Writes an object, once, and returns its ETag.</summary>
    /// <exception cref="Exception">The client's, as it is: <see cref="S3Errors.OutcomeOf"/> says what it means.</exception>
    public Task<string> PutAsync(string name, byte[] bytes, string? ifMatch, string? ifNoneMatch, CancellationToken call) => TryAsync(
        async token =>
        {
            var request = new PutObjectRequest
            {
                BucketName = Name,
                Key = name,
                InputStream = new MemoryStream(bytes, writable: false),
                ContentType = "application/octet-stream",
                IfMatch = ifMatch,
                IfNoneMatch = ifNoneMatch,
                // The body is short and in memory: signed as one piece.
                UseChunkEncoding = false,
            };
            return Unquote((await _client.PutObjectAsync(request, token).ConfigureAwait(false)).ETag);
        },
        call);

    /// <summary>Removes an object; tried again where the server or the connection failed. One that is not there is no error.</summary>
    /// <returns>False where the condition was not met.</returns>
    public Task<bool> DeleteAsync(string name, string? ifMatch, CancellationToken call) => RepeatAsync(
        async token =>
        {
            try
            {
                await _client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = Name, Key = name, IfMatch = ifMatch }, token).ConfigureAwait(false);
                return true;
            }
            catch (AmazonS3Exception exception) when (ifMatch is not null && exception.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict)
            {
                return false;
            }
            catch (AmazonS3Exception exception) when (S3Errors.IsMissing(exception))
            {
                return ifMatch is null;
            }
        },
        call);

    /// <summary>The names and ETags of all objects that begin so, page by page; each page has a call's time.</summary>
    /// <param name="prefix">How their names begin, after <see cref="Prefix"/>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<List<ListedObject>> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            var request = new ListObjectsV2Request { BucketName = Name, Prefix = Prefix + prefix, ContinuationToken = next };
            using var call = StartCall(cancellationToken);
            var page = await RepeatAsync(token => _client.ListObjectsV2Async(request, token), call.Token).ConfigureAwait(false);
            next = page.IsTruncated == true ? page.NextContinuationToken : null;
            yield return [.. (page.S3Objects ?? []).Select(listed => new ListedObject(listed.Key, Unquote(listed.ETag)))];
        }
        while (next is not null);
    }

    public void Dispose()
    {
        if (_isOurs)
        {
            _client.Dispose();
        }
    }

    private static AmazonS3Client MakeClient(S3StoreOptions options)
    {
        var config = new AmazonS3Config
        {
            MaxErrorRetry = 0,
            ConnectTimeout = options.ConnectTimeout,
            // Requests have our deadlines.
            Timeout = options.CallTimeout,
            // The objects have checksums of their own; other servers do not know all of Amazon's.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            ForcePathStyle = options.ForcePathStyle ?? options.Endpoint is not null,
        };
        try
        {
            if (options.Endpoint is { } endpoint)
            {
                config.ServiceURL = endpoint;
                config.AuthenticationRegion = options.Region ?? "us-east-1";
            }
            else if (options.Region is { } region)
            {
                config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
            }

            return options.AccessKey is { } key ? new AmazonS3Client(key, options.SecretKey, config) : new AmazonS3Client(config);
        }
        catch (AmazonClientException exception)
        {
            throw S3Errors.NoClient(options.Bucket, exception);
        }
    }

    private async Task<FetchedObject> GetOnceAsync(string name, string? knownETag, int firstBytes, CancellationToken token)
    {
        var request = new GetObjectRequest
        {
            BucketName = Name,
            Key = name,
            EtagToNotMatch = knownETag is null ? null : $"\"{knownETag}\"",
            ByteRange = firstBytes > 0 ? new ByteRange(0, firstBytes - 1) : null,
        };
        try
        {
            using var response = await _client.GetObjectAsync(request, token).ConfigureAwait(false);
            return new FetchedObject(FetchedStatus.Read, Unquote(response.ETag), await ReadContentAsync(response, token).ConfigureAwait(false));
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.NotModified)
        {
            return new FetchedObject(FetchedStatus.Unchanged, knownETag!, []);
        }
        catch (AmazonS3Exception exception) when (S3Errors.IsMissing(exception))
        {
            return new FetchedObject(FetchedStatus.Missing, "", []);
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            throw new InvalidDataException("it is empty", exception);
        }
    }

    private static async Task<byte[]> ReadContentAsync(GetObjectResponse response, CancellationToken token)
    {
        // 0 also where a proxy sends it in chunks and does not say.
        var bytes = new byte[response.ContentLength > 0 ? Math.Min(response.ContentLength, StoredObject.MaxBytes + 1) : 4096];
        var length = 0;
        while (await response.ResponseStream.ReadAsync(bytes.AsMemory(length), token).ConfigureAwait(false) is > 0 and var read)
        {
            length += read;
            if (length > StoredObject.MaxBytes)
            {
                throw new InvalidDataException($"it has more than {StoredObject.MaxBytes} bytes, and none of ours has");
            }

            if (length == bytes.Length && length != response.ContentLength)
            {
                Array.Resize(ref bytes, (int)Math.Min(length * 2L, StoredObject.MaxBytes + 1));
            }
        }

        return length == bytes.Length ? bytes : bytes[..length];
    }

    private async Task<TResult> RepeatAsync<TResult>(Func<CancellationToken, Task<TResult>> request, CancellationToken call)
    {
        var pause = s_firstPause;
        for (var tried = 1; ; tried++)
        {
            try
            {
                return await TryAsync(request, call).ConfigureAwait(false);
            }
            catch (Exception exception) when (tried < Tries && !call.IsCancellationRequested && S3Errors.OutcomeOf(exception) == RequestOutcome.Unknown)
            {
                await Task.Delay(pause, TimeProvider.System, call).ConfigureAwait(false);
                pause *= 2;
            }
        }
    }

    private async Task<TResult> TryAsync<TResult>(Func<CancellationToken, Task<TResult>> request, CancellationToken call)
    {
        using var limit = Limit(_options.CallTimeout / 2, call);
        try
        {
            // The SDK looks for credentials without looking at the token.
            return await request(limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!call.IsCancellationRequested && limit.IsCancellationRequested)
        {
            throw new TimeoutException($"No answer came within {(_options.CallTimeout / 2).TotalSeconds} s", exception);
        }
    }

    /// <summary>By the system's clock, not the store's: that one decides about expiry alone.</summary>
    private static CancellationTokenSource Limit(TimeSpan time, CancellationToken cancellationToken)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(time);
        return source;
    }

    private static string Unquote(string? eTag) => eTag?.Trim('"') ?? "";
}

/// <summary>How a GET went.</summary>
internal enum FetchedStatus : byte
{
    Missing,
    Unchanged,
    Read,
}

/// <summary>The answer to a GET; without bytes unless it was read.</summary>
internal readonly record struct FetchedObject(FetchedStatus Status, string ETag, byte[] Bytes);

/// <summary>An object in a listing.</summary>
internal readonly record struct ListedObject(string Name, string ETag);
