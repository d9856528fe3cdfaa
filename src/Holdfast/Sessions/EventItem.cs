using Holdfast.Protocol;

namespace Holdfast.Sessions;

/// <summary>An event is refused: it is settled, and the page says so.</summary>
internal sealed class EventException(string code, string message) : Exception(message)
{
    /// <summary>The code that the page gets.</summary>
    public string Code { get; } = code;
}

/// <summary>An event of the page, in the queue.</summary>
internal sealed class EventItem(EventFrame frame) : WorkItem
{
    public override long Ref => frame.Ref;

    public override Task RunAsync(MountedPage page) =>
        frame.Address.Length == 0 ? Task.CompletedTask : page.DispatchAsync(frame.Address, frame.Sequence, frame.Payload);
}

/// <summary>What the user had typed when the page was mounted anew: each control's value is applied as its change event.</summary>
internal sealed class FieldsItem(List<FieldEntry> fields, long sequence) : WorkItem
{
    public override async Task RunAsync(MountedPage page)
    {
        // Settled ones first: of what those set, persisted members keep what is stored.
        if (fields.Exists(field => field.IsSettled))
        {
            await ApplyAsync(page, settled: true);
            page.KeepStored();
        }

        await ApplyAsync(page, settled: false);
    }

    private async Task ApplyAsync(MountedPage page, bool settled)
    {
        foreach (var field in fields)
        {
            if (field.IsSettled == settled)
            {
                try
                {
                    await page.DispatchAsync(field.Address, sequence, field.Value, isChange: true);
                }
                catch (EventException)
                {
                    // The control is gone or changed its meaning: there is nowhere to put the value.
                }
            }
        }
    }
}
