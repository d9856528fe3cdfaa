using Microsoft.AspNetCore.Components;

namespace Holdfast.TestViews.Components;

/// <summary>Says when it has been disposed asynchronously.</summary>
public sealed class DisposedLater : ComponentBase, IAsyncDisposable
{
    [Inject]
    private Signals Signals { get; set; } = null!;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.Yield();
        _ = Signals.WaitAsync("disposed later");
    }
}
