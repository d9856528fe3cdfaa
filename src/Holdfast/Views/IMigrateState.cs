namespace Holdfast;

/// <summary>A <see cref="LiveView"/> that can bring stored state of other versions to the one that its <see cref="StateVersionAttribute"/> names, from older ones and, in a build that
/// is rolled back to, from newer ones.</summary>
public interface IMigrateState
{
    /// <summary>
    /// Brings the stored state of one view to this build's version, before any instance sees it. Runs again whenever that state is read, until the view stores something: the same
    /// input must give the same result, without waiting for anything and without anything from outside.
    /// </summary>
    /// <param name="state">The members as they are stored. They are a copy: nothing of it counts when this returns false or throws.</param>
    /// <returns>Whether this build takes <see cref="StateMigration.From"/>. When it does not, the page is mounted by another server that does.</returns>
    /// <remarks>
    /// <para>May be called from any thread, and by several at once. The whole state is written, with its new version, in the view's next write; a GET writes nothing.</para>
    /// <para>When it throws, the state stays as it is, the view is mounted with <see cref="Found.Error"/>, and its events are refused.</para>
    /// </remarks>
    static abstract bool MigrateState(StateMigration state);
}
