namespace Holdfast.Sessions;

/// <summary>What a <see cref="Session"/> needs to know of the options.</summary>
internal sealed record SessionLimits(TimeSpan Lifetime, int MaxSliceBytes, int MaxSessionBytes)
{
    /// <summary>How long a user's record lives without use.</summary>
    public TimeSpan UserLifetime { get; init; } = Lifetime;

    /// <summary>Off only in the test that shows what the fence is for.</summary>
    public bool IsFenced { get; init; } = true;
}
