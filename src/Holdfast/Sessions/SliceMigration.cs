using Holdfast.Diagnostics;
using Holdfast.State;

namespace Holdfast.Sessions;

/// <summary>What a view of this build can do with what is stored for it.</summary>
internal enum SliceStatus
{
    /// <summary>Nothing is stored, or nothing that can be read.</summary>
    Empty,

    /// <summary>It is of the view's version, or was brought to it.</summary>
    Readable,

    /// <summary>The view does not take its version: it is another build's.</summary>
    OtherVersion,

    /// <summary>The migration threw.</summary>
    Failed,
}

/// <summary>Brings members from the version that is stored to the one that a view has. See docs/decisions/007-versions-of-state.md.</summary>
internal static class SliceMigration
{
    /// <summary>Migrates in place; nothing is touched unless all of it succeeds.</summary>
    /// <param name="view">The view.</param>
    /// <param name="from">The version of what is there.</param>
    /// <param name="members">The members of scope Session.</param>
    /// <param name="parts">What the tabs have.</param>
    /// <param name="metrics">Is told when it does not succeed.</param>
    /// <returns><see cref="SliceStatus.Readable"/>, or why not.</returns>
    public static SliceStatus Run(PersistedView view, int from, Dictionary<string, byte[]> members, IEnumerable<TabPart> parts, StoreMetrics metrics)
    {
        if (from == view.Version)
        {
            return SliceStatus.Readable;
        }

        var tabs = parts.Select(part => (Part: part, Members: MembersOf(part))).ToList();
        var session = new StateMembers(members);
        try
        {
            if (view.Migrate?.Invoke(new StateMigration(from, view.Version, session, [.. tabs.Select(tab => tab.Members)])) != true)
            {
                metrics.VersionNotTaken(view.Type, from, view.Version);
                return SliceStatus.OtherVersion;
            }
        }
        catch (Exception exception)
        {
            metrics.MigrationFailed(view.Type, from, view.Version, exception); // The author's code, or a value that is not of the type that it expects.
            return SliceStatus.Failed;
        }

        members.Clear();
        foreach (var (name, json) in session.Json)
        {
            members.Add(name, json);
        }

        tabs.ForEach(tab => PutBack(tab.Part, tab.Members, view));
        return SliceStatus.Readable;
    }

    private static StateMembers MembersOf(TabPart part) => new(part.Members.Select(member => KeyValuePair.Create(member.Key, member.Value.Json)));

    /// <summary>A member has the scope that the view declares; one that it does not know has the one it had, else that of the tab, which lives longer.</summary>
    private static void PutBack(TabPart part, StateMembers migrated, PersistedView view)
    {
        var members = migrated.Json.Select(member => KeyValuePair.Create(member.Key, new TabPart.TabMember(member.Value, IsReconnect(member.Key)))).ToList();
        part.ReplaceMembers(members);

        bool IsReconnect(string name) => view.Members.FirstOrDefault(member => member.Name == name) is { } declared
            ? declared.Scope == Scope.Reconnect
            : part.Members.TryGetValue(name, out var known) && known.IsReconnect;
    }
}
