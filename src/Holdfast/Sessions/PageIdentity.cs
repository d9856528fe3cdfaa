namespace Holdfast.Sessions;

/// <summary>Which instance it is, and for which tab and document.</summary>
/// <param name="Instance">Its name.</param>
/// <param name="Tab">The tab; <see cref="TabPart.OfPosts"/> for a POST from a browser without script.</param>
/// <param name="Document">The document, whose events are numbered; for a POST its one-time key.</param>
/// <param name="Carried">For a POST: the part that the tab's members are left in, for the page that follows.</param>
internal sealed record PageIdentity(string Instance, string Tab, string Document, string? Carried = null);
