namespace Holdfast.Testing.Network;

/// <summary>How a connection is cut.</summary>
public enum CutKind
{
    /// <summary>RST: both sides see an error at once, as when a process is killed or a router forgets the connection.</summary>
    Reset,

    /// <summary>FIN: both sides see the end of the stream, after the bytes that were already passed on.</summary>
    Finish,
}
