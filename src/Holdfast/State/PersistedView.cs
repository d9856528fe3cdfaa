using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.AspNetCore.Components;

namespace Holdfast.State;

/// <summary>Which members of a view type are persisted. Immutable; made once per type (and again after a hot reload).</summary>
internal sealed class PersistedView
{
    private static readonly ConcurrentDictionary<Type, PersistedView> Known = new();

    private PersistedView(Type type, PersistedMember[] members)
    {
        Type = type;
        Members = members;
        Version = VersionOf(type);
        Migrate = MigrationOf(type);
        IsOfUser = type.GetCustomAttribute<PersistAttribute>(inherit: true) is { Scope: Scope.User };
        IsBeforePatch = Members.Length > 0 && type.GetCustomAttribute<DurabilityAttribute>(inherit: true) is { Durability: Durability.BeforePatch };
        HasTabMembers = members.Any(member => member.Scope != Scope.Session);
    }

    public Type Type { get; }

    /// <summary>In the order of their names, so that it is the same in every build.</summary>
    public PersistedMember[] Members { get; }

    /// <summary>Whether the state is in the signed-in user's record, and not in the browser's.</summary>
    public bool IsOfUser { get; }

    public bool IsPersistent => Members.Length > 0;

    /// <summary>Whether some member is not shared by the session's tabs.</summary>
    public bool HasTabMembers { get; }

    /// <summary>Whether what its page shows must be stored first.</summary>
    public bool IsBeforePatch { get; }

    /// <summary>The version of the view's state; 0 where it declares none.</summary>
    public int Version { get; }

    /// <summary>Brings state of other versions to this one; null where the view takes no other.</summary>
    public Func<StateMigration, bool>? Migrate { get; }

    /// <exception cref="InvalidOperationException">A member cannot be persisted as it is declared.</exception>
    public static PersistedView Of(Type type) => Known.GetOrAdd(type, Discover);

    /// <summary>Forgets the members of the code before a hot reload.</summary>
    public static void ClearCache() => Known.Clear();

    private static PersistedView Discover(Type type)
    {
        var members = new List<PersistedMember>();
        for (var declaring = type; declaring is not null && declaring != typeof(LiveView); declaring = declaring.BaseType)
        {
            foreach (var member in declaring.GetMembers(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                if (Describe(type, declaring, member) is { } persisted)
                {
                    if (members.Any(other => other.Name == persisted.Name))
                    {
                        throw new InvalidOperationException(
                            $"View '{type}' cannot be persisted: two of its members are stored as '{persisted.Name}'. Each needs a name of its own. Write [Persist(Name = \"…\")] on one of them.");
                    }

                    members.Add(persisted);
                }
            }
        }

        return new PersistedView(type, [.. members.OrderBy(member => member.Name, StringComparer.Ordinal)]);
    }

    private static int VersionOf(Type type)
    {
        if (type.GetCustomAttribute<StateVersionAttribute>() is not { } declared)
        {
            return 0;
        }

        return declared.Version > 0
            ? declared.Version
            : throw new InvalidOperationException(
                $"View '{type}' has [StateVersion({declared.Version})]. Versions begin with 1; a view that declares none has version 0. Write [StateVersion(1)], or remove the attribute.");
    }

    private static Func<StateMigration, bool>? MigrationOf(Type type) => type.IsAssignableTo(typeof(IMigrateState))
        ? typeof(PersistedView).GetMethod(nameof(MigrationBy), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type).CreateDelegate<Func<Func<StateMigration, bool>>>()()
        : null;

    private static Func<StateMigration, bool> MigrationBy<TView>()
        where TView : IMigrateState => TView.MigrateState;

    private static PersistedMember? Describe(Type type, Type declaring, MemberInfo member)
    {
        if (member is not (PropertyInfo or FieldInfo))
        {
            return null;
        }

        var attribute = member.GetCustomAttribute<PersistAttribute>() ?? ClassLevel(declaring, member);
        if (attribute is null)
        {
            return null;
        }

        if (Obstacle(member) is { } obstacle)
        {
            throw new InvalidOperationException(
                $"Member '{type}.{member.Name}' cannot be persisted: {obstacle}. Remove [Persist] from it, or make it a settable property or a field.");
        }

        if (attribute.Scope == Scope.User)
        {
            throw new InvalidOperationException(
                $"Member '{type}.{member.Name}' cannot be persisted with Scope.User: an event changes one record, and so a view's state is the user's as a whole or not at all. Write [Persist(Scope.User)] on the class.");
        }

        return PersistedMember.Create(member, attribute.Name ?? member.Name, attribute.Scope);
    }

    private static PersistAttribute? ClassLevel(Type declaring, MemberInfo member) =>
        declaring.GetCustomAttribute<PersistAttribute>(inherit: false) is { } onClass
        && member is PropertyInfo { GetMethod: { IsPublic: true, IsStatic: false }, SetMethod.IsPublic: true } property
        && property.GetIndexParameters().Length == 0
        && !property.GetCustomAttributes().Any(IsSupplied)
            ? new PersistAttribute(onClass.Scope == Scope.User ? Scope.Session : onClass.Scope) // Shared by the tabs, of the user's record.
            : null;

    private static bool IsSupplied(Attribute attribute) =>
        attribute is NotPersistedAttribute or ParameterAttribute or CascadingParameterAttributeBase or InjectAttribute;

    private static string? Obstacle(MemberInfo member) => member switch
    {
        PropertyInfo property when property.GetIndexParameters().Length > 0 => "it is an indexer",
        PropertyInfo { GetMethod: null } => "it has no getter",
        PropertyInfo { SetMethod: null } => "it has no setter, so that a stored value could not be put back",
        PropertyInfo { GetMethod.IsStatic: true } or FieldInfo { IsStatic: true } => "it is static, and so belongs to no session",
        FieldInfo { IsInitOnly: true } => "it is read-only, so that a stored value could not be put back",
        _ when member.GetCustomAttributes().Any(attribute => attribute is ParameterAttribute or CascadingParameterAttributeBase or InjectAttribute)
            => "its value comes from outside (a parameter or an injected service)",
        _ => null,
    };
}
