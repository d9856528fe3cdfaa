using System.Net;

namespace Holdfast.Testing.Clients;

/// <summary>The server answered the upgrade with a status. A browser's script cannot see which; a test can.</summary>
public sealed class SocketRefusedException(Uri address, HttpStatusCode status, string? retryAfter, Exception innerException)
    : Exception(
        $"The socket at '{address}' was refused with {(int)status}. "
        + "The server gives 403 for another origin and 503 when it is full or draining. "
        + "Check the origin and the limits, or expect this exception.",
        innerException)
{
    /// <summary>The status of the answer.</summary>
    public HttpStatusCode Status { get; } = status;

    /// <summary>The answer's <c>Retry-After</c>, or <see langword="null"/>.</summary>
    public string? RetryAfter { get; } = retryAfter;
}
