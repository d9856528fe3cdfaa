namespace Demo.Arrivals;

/// <summary>What the arrivals can be sorted by.</summary>
public enum Column
{
    Vessel,
    Cargo,
    From,
    Tonnes,
    Due,
}
