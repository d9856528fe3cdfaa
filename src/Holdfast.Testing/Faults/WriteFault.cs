namespace Holdfast.Testing.Faults;

/// <summary>When a write fails.</summary>
public enum WriteFault
{
    /// <summary>Nothing was written.</summary>
    BeforeItWasApplied,

    /// <summary>It was written, and only the answer was lost.</summary>
    AfterItWasApplied,
}
