namespace Holdfast;

/// <summary>
/// Keeps a member of a <see cref="LiveView"/> (or, on the class, each public settable property of that class) in the
/// visitor's session: it is stored, durably, after every event that changed it, and put back before the view is initialised.
/// </summary>
/// <remarks>
/// Works on properties and fields, private ones too. The value must survive a round trip through System.Text.Json; a value
/// that does not fails the event visibly and changes nothing. On a class it leaves out <c>[Parameter]</c>, cascading, injected,
/// supplied and <see cref="NotPersistedAttribute"/> properties.
/// </remarks>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Class)]
public sealed class PersistAttribute : Attribute
{
    /// <summary>Keeps the member in the session, shared by all tabs of the browser.</summary>
    public PersistAttribute()
    {
    }

    /// <summary>Keeps the member with the given scope.</summary>
    public PersistAttribute(Scope scope) => Scope = scope;

    /// <summary>How long it lives. Default: <see cref="Holdfast.Scope.Session"/>.</summary>
    public Scope Scope { get; }

    /// <summary>The name it is stored under, so that a renamed member keeps its value. Default: the member's own name.
    /// Not allowed on a class.</summary>
    public string? Name { get; set; }
}

/// <summary>Leaves a property out of a class-level <see cref="PersistAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NotPersistedAttribute : Attribute;
