namespace Holdfast.Stores;

/// <summary>How long a store keeps what it has committed.</summary>
public enum StoreDurability : byte
{
    /// <summary>A crash of the process, the server or the machine loses nothing.</summary>
    Durable,

    /// <summary>The server may lose the last writes when it crashes, or evict sessions: as it is set up, it promises no more. The store logs a warning when it is opened,
    /// with the settings that make it so.</summary>
    BestEffort,

    /// <summary>Everything ends with the process.</summary>
    Process,
}
