namespace Holdfast.Redis;

/// <summary>A call to the server failed, told apart from the client's many exceptions. Never leaves this package but as the inner exception
/// of what says what to do.</summary>
/// <param name="kind">What failed.</param>
/// <param name="message">The client's or the server's words.</param>
/// <param name="inner">The client's exception.</param>
internal sealed class RedisFailure(RedisFailureKind kind, string message, Exception? inner) : Exception(message, inner)
{
    public RedisFailureKind Kind => kind;

    /// <summary>The first word of the server's error (<c>READONLY</c>, <c>NOSCRIPT</c>, …); empty where no server answered.</summary>
    public string Code { get; } = kind == RedisFailureKind.Refused ? message.Split(' ', 2)[0] : "";

    /// <summary>Whether the same call may go well in a moment. What the server refused in these words it has not begun.</summary>
    public bool MayPass => Kind == RedisFailureKind.Connection || Code is "LOADING" or "READONLY" or "MASTERDOWN" or "CLUSTERDOWN" or "TRYAGAIN" or "BUSY";
}

/// <summary>What failed.</summary>
internal enum RedisFailureKind : byte
{
    /// <summary>There is no connection, or it was lost with the call on its way: nobody knows whether the server has run it.</summary>
    Connection,

    /// <summary>No answer came in time: nobody knows whether the server has run it.</summary>
    TimedOut,

    /// <summary>The server answered with an error.</summary>
    Refused,
}
