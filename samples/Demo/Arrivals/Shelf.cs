namespace Demo.Arrivals;

/// <summary>The lists of arrivals.</summary>
public enum Shelf
{
    Expected,
    Flagged,
    Archived,
}
