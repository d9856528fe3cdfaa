namespace Holdfast.Sessions;

/// <summary>Which instance wrote a tab's part of a slice last, and how often that part was written: a writer may write only on top of
/// the fence that its instance last read or wrote.</summary>
internal readonly record struct Fence(string? Instance, long Count)
{
    /// <summary>Nobody wrote yet.</summary>
    public static Fence None => default;
}
