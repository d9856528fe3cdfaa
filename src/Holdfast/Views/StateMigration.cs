using System.Text.Json;

namespace Holdfast;

/// <summary>The stored state of one view, on its way from one version to another: see <see cref="IMigrateState"/>.</summary>
/// <remarks>Members are named as they are stored: by <see cref="PersistAttribute.Name"/>, else by their own name. Those that are not touched are kept as they are, also where no build knows them.</remarks>
public readonly struct StateMigration
{
    internal StateMigration(int from, int to, StateMembers session, IReadOnlyList<StateMembers> tabs) => (From, To, Session, Tabs) = (from, to, session, tabs);

    /// <summary>State from JSON, to test a migration with.</summary>
    /// <param name="from">The version that is stored.</param>
    /// <param name="to">The version that is wanted.</param>
    /// <param name="session">An object with the members of scope Session.</param>
    /// <param name="tabs">For each tab an object with its members of scope Tab and Reconnect.</param>
    /// <exception cref="JsonException">It is not a JSON object.</exception>
    public StateMigration(int from, int to, string session, params string[] tabs)
        : this(from, to, StateMembers.Parse(session), [.. tabs.Select(StateMembers.Parse)])
    {
    }

    /// <summary>The version that is stored; 0 is a view that declared none.</summary>
    public int From { get; }

    /// <summary>The version that the view of this build has.</summary>
    public int To { get; }

    /// <summary>The members of scope Session.</summary>
    public StateMembers Session { get; }

    /// <summary>The members of scope Tab and Reconnect, for each tab that the state knows. A member that is set anew has the scope that the view declares for it.</summary>
    public IReadOnlyList<StateMembers> Tabs { get; }

    /// <summary>Gives a member another name, wherever it is stored. One that is already stored under that name is replaced.</summary>
    public void Rename(string name, string newName)
    {
        foreach (var members in All)
        {
            members.Rename(name, newName);
        }
    }

    /// <summary>Removes a member, wherever it is stored.</summary>
    public void Remove(string name)
    {
        foreach (var members in All)
        {
            members.Remove(name);
        }
    }

    /// <summary>Gives a member another value, wherever it is stored.</summary>
    /// <exception cref="JsonException">The stored value is not of the old type.</exception>
    public void Change<TOld, TNew>(string name, Func<TOld, TNew> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        foreach (var members in All)
        {
            if (members.TryGet<TOld>(name, out var value))
            {
                members.Set(name, change(value));
            }
        }
    }

    private IEnumerable<StateMembers> All => Tabs.Prepend(Session);
}
