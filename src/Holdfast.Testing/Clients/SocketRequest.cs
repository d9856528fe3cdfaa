namespace Holdfast.Testing.Clients;

/// <summary>What a browser sends when it opens the socket of a page.</summary>
/// <param name="Address">Where to (<c>ws:</c> or <c>wss:</c>).</param>
/// <param name="Origin">The page's origin.</param>
/// <param name="Cookies">The <c>Cookie</c> header; empty when there are none.</param>
public readonly record struct SocketRequest(Uri Address, string Origin, string Cookies);
