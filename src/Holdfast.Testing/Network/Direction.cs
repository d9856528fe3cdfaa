namespace Holdfast.Testing.Network;

/// <summary>Which way bytes go through a <see cref="FaultProxy"/>.</summary>
public enum Direction
{
    /// <summary>From the client to the server.</summary>
    ToServer,

    /// <summary>From the server to the client.</summary>
    ToClient,
}
