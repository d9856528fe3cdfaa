namespace Holdfast.S3;

/// <summary>Settings of the S3 store. Bound from the configuration section <c>Holdfast:S3</c>; what code sets in <c>UseS3(…)</c> wins over it.</summary>
/// <remarks>Where the application registered an <c>IAmazonS3</c>, that client is used as it is, and what says how to reach the server
/// (<see cref="Endpoint"/> to <see cref="ConnectTimeout"/>) is not.</remarks>
public sealed class S3StoreOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Holdfast:S3";

    /// <summary>The bucket. It must exist.</summary>
    public string Bucket { get; set; } = "";

    /// <summary>What the names of all objects begin with; ends with a slash, or is empty. Default: <c>holdfast/</c>, so that a bucket can be
    /// shared. Two applications in one bucket need two prefixes.</summary>
    public string Prefix { get; set; } = "holdfast/";

    /// <summary>The address of a server that is not Amazon's, for example <c>http://127.0.0.1:9000</c>. Default: none, the region's own.</summary>
    public string? Endpoint { get; set; }

    /// <summary>The region, for example <c>eu-central-1</c>. Default: what the AWS SDK finds in environment and profile; with an
    /// <see cref="Endpoint"/> <c>us-east-1</c>, which servers that have no regions take.</summary>
    public string? Region { get; set; }

    /// <summary>Whether the bucket stands in the path of addresses and not in the host's name. Default: where there is an <see cref="Endpoint"/>,
    /// as few of those have a name for each bucket.</summary>
    public bool? ForcePathStyle { get; set; }

    /// <summary>The access key. Default: none, and the AWS SDK's own chain finds credentials (environment, profile, role of the machine).</summary>
    public string? AccessKey { get; set; }

    /// <summary>The secret that belongs to <see cref="AccessKey"/>.</summary>
    public string? SecretKey { get; set; }

    /// <summary>How long making a connection may take. Default: 2 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a call of the store may take, with all its requests; a request gets at most half of it, so that one whose answer is lost can
    /// still be looked into. A listing and a sweep count it for each request. Default: 10 s.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many bytes of objects this node keeps in memory. A write of a session that is kept is one PUT; of one that is not, a GET and a
    /// PUT. Default: 64 MiB, about 20,000 sessions of 3 KB.</summary>
    public long MaxCachedBytes { get; set; } = 64 * 1024 * 1024;
}
