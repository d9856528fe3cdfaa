namespace Holdfast.Sessions;

/// <summary>What a <see cref="Session"/> needs to know of the options.</summary>
internal sealed record SessionLimits(TimeSpan Lifetime, int MaxSliceBytes, int MaxSessionBytes);
