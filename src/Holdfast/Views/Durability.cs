namespace Holdfast;

/// <summary>When a page shows what an event changed: before or after it is stored. An event is acked when it is stored, in either case.</summary>
public enum Durability
{
    /// <summary>The page shows it at once, and <c>saving</c> until it is stored. A server that is killed in between may take back what was seen; the event comes again by itself. The default.</summary>
    AfterPatch,

    /// <summary>The page shows it when it is stored, so that nothing that was ever seen is taken back. See <see cref="DurabilityAttribute"/> for what that costs.</summary>
    BeforePatch,
}
