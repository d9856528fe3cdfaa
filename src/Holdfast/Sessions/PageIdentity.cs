namespace Holdfast.Sessions;

/// <summary>Which instance it is, and for which tab and document.</summary>
internal sealed record PageIdentity(string Instance, string Tab, string Document);
