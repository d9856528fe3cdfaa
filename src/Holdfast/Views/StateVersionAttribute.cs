namespace Holdfast;

/// <summary>
/// The version of a <see cref="LiveView"/>'s stored state. Raise it with a change that the code before could not read, or that cannot read what the code before stored, and say in
/// <see cref="IMigrateState.MigrateState"/> what becomes of other versions. A view without it has version 0.
/// </summary>
/// <remarks>
/// <para>Adding or removing a member needs no version, and a rename only <see cref="PersistAttribute.Name"/>.</para>
/// <para>A server that meets a version which its build does not take leaves that state alone: it sends the page to another server, so that old and new builds may run side by side.</para>
/// </remarks>
[AttributeUsage(AttributeTargets.Class)]
public sealed class StateVersionAttribute(int version) : Attribute
{
    /// <summary>The version, at least 1.</summary>
    public int Version { get; } = version;
}
