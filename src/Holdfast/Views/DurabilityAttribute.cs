namespace Holdfast;

/// <summary>
/// Says when a page shows what an event changed in its state. With <see cref="Durability.BeforePatch"/> what the visitor sees is already stored: right for "paid", "sent", "booked".
/// </summary>
/// <remarks>
/// <para><b>What waits.</b> Each patch, the title and other things in the head, and a navigation by a handler wait until all persisted state that the page then shows is stored, whoever changed it: an event,
/// a timer, another tab. They go out in order. What is rendered while a handler still runs goes out unless it has changed a persisted member by then; else it goes out with the rest. A GET and a
/// join wait in the same way. A failed event is told at once.</para>
/// <para><b>Cost.</b> One write's time for each click before anything is seen of it. At most 50 patches of a page wait; after those the page is sent as a whole.</para>
/// <para><b>A crash</b> takes back nothing that was seen; events that were not acked come again. <b>A store that fails:</b> the page stays as it is and says <c>unsaved</c>; its handlers run, and what they did is
/// shown when the store is back. A join waits for that too; a GET waits for <c>Holdfast:ReadTimeout</c> and then shows the page with <see cref="Found.Error"/>.</para>
/// <para>It counts on the class of a page, and only where that has persisted members: a view that is embedded in a page goes by the page. Unmarked members, and what <see cref="LiveView.OnConnectedAsync"/> and
/// <see cref="LiveView.OnDisconnectedAsync"/> change, which is not saved by itself, wait for nothing.</para>
/// </remarks>
[AttributeUsage(AttributeTargets.Class)]
public sealed class DurabilityAttribute(Durability durability) : Attribute
{
    /// <summary>When the page shows what was changed.</summary>
    public Durability Durability { get; } = durability;
}
