namespace Demo.Arrivals;

/// <summary>How an arrival left a list.</summary>
public enum Removed
{
    Archived,
    Reopened,
    Deleted,
}
