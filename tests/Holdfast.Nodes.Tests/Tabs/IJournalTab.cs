using Holdfast.Nodes.Tests.Farms;
using Holdfast.Nodes.Tests.Histories;

namespace Holdfast.Nodes.Tests.Tabs;

/// <summary>A tab that writes its journal.</summary>
internal interface IJournalTab : IAsyncDisposable
{
    TabHistory History { get; }

    /// <summary>Loads the page, and joins it.</summary>
    Task OpenAsync();

    /// <summary>Makes events until the traffic ends, and then waits until all are acked.</summary>
    Task UseAsync(Traffic traffic);

    /// <summary>Loads the page anew, and notes its journal as what the store holds.</summary>
    Task ReadStoredAsync();
}
