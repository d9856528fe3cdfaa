namespace Holdfast.Testing.Clients;

/// <summary>The page, its HTML or a patch is not what the protocol says: in a test, a defect of what wrote it.</summary>
public sealed class MalformedLiveHtmlException : Exception
{
    /// <summary>Says what happened, why it is wrong and what to do.</summary>
    public MalformedLiveHtmlException(string message)
        : base(message)
    {
    }

    /// <summary>The same, with what caused it.</summary>
    public MalformedLiveHtmlException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
