namespace Holdfast;

/// <summary>How long a persisted member lives, and who shares it.</summary>
public enum Scope
{
    /// <summary>One value for the browser session: shared by its tabs, kept until the session ends. The default.</summary>
    Session,

    /// <summary>One value for each tab, kept across reloads and navigation in that tab.</summary>
    Tab,

    /// <summary>As <see cref="Tab"/>, but cleared when the page is opened anew in the tab (a link, the address bar). Survives
    /// a lost socket, a crash, a deploy, a reload and back/forward: right for a draft in progress.</summary>
    Reconnect,

    /// <summary>Only on a view's class, which needs <c>[Authorize]</c>: the whole view's state is the signed-in user's, in every browser, and is kept
    /// when the user signs out. Members of the view with <see cref="Tab"/> or <see cref="Reconnect"/> still are each tab's.</summary>
    User,
}
