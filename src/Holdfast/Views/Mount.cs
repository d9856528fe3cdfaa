namespace Holdfast;

/// <summary>Why an instance of a view is made.</summary>
public enum MountReason
{
    /// <summary>For the HTML of a GET. The instance ends with the response.</summary>
    FirstPaint,

    /// <summary>For a POST of a page without script. The instance ends with the response.</summary>
    Post,

    /// <summary>A page in a browser connected, for the first time or again.</summary>
    Join,

    /// <summary>A live navigation led here.</summary>
    Navigate,

    /// <summary>An idle view was dropped to save memory, and is needed again.</summary>
    Wake,

    /// <summary>The previous instance failed.</summary>
    Crash,

    /// <summary>The view around it rendered it for the first time.</summary>
    Render,
}

/// <summary>What was stored for a view when it was mounted.</summary>
public enum Found
{
    /// <summary>Nothing was ever stored, as far as the server and the page know.</summary>
    New,

    /// <summary>Stored state was put back.</summary>
    Restored,

    /// <summary>The page had state here, and it is gone (it expired, or was deleted).</summary>
    NotFound,

    /// <summary>
    /// State is stored, perhaps, and could not be read; the members hold their initialisers, and no event runs on them. At <see cref="MountReason.FirstPaint"/>: the store did not answer,
    /// or the state is of a version that this build does not take. Otherwise <see cref="IMigrateState.MigrateState"/> threw.
    /// </summary>
    Error,
}

/// <summary>How an instance of a view came to be.</summary>
/// <param name="Reason">Why it was made.</param>
/// <param name="Found">What was stored for it.</param>
public readonly record struct Mount(MountReason Reason, Found Found)
{
    /// <summary>Whether a browser is, or is about to be, connected to this instance, so that work started now can be seen.</summary>
    public bool IsLive => Reason is not (MountReason.FirstPaint or MountReason.Post);
}
