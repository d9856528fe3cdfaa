namespace Holdfast.Stores;

/// <summary>A store could not be opened, read or written. The message says which and where, why, and what to do; the inner exception is that of
/// the store's client.</summary>
/// <remarks>After a failed write it is not known whether it happened, as <see cref="ISessionStore"/> says.</remarks>
public sealed class SessionStoreException(string message, Exception? inner = null) : Exception(message, inner);
