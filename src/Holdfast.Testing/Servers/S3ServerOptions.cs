namespace Holdfast.Testing.Servers;

/// <summary>How an <see cref="S3Server"/> is started.</summary>
public sealed record S3ServerOptions
{
    /// <summary>Whether objects are kept in files and outlive a kill of the whole server; it then takes some seconds to start. Default: no, they are in memory, and outlive
    /// a kill of the gateway alone.</summary>
    public bool IsDurable { get; init; }

    /// <summary>How long each part may take to start. 60 s is for a busy machine.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(60);
}
