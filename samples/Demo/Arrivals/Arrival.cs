namespace Demo.Arrivals;

/// <summary>A ship that is expected, and what it brings.</summary>
public sealed record Arrival(int Id, string Vessel, string Cargo, string From, int Tonnes, DateOnly Due);
