namespace Holdfast.State;

/// <summary>A view's state cannot be stored as it is; the event that made it so fails and nothing of it is kept.</summary>
internal sealed class StateException(string code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The error code that the browser gets: <c>state</c> or <c>limit</c>.</summary>
    public string Code { get; } = code;
}
