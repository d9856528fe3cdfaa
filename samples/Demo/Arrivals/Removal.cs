namespace Demo.Arrivals;

/// <summary>The last arrival that left the list it was in, and can be put back there.</summary>
public sealed record Removal(int Id, Removed How, Shelf From);
