using Microsoft.AspNetCore.Components;

namespace Holdfast.TestViews.Components;

/// <summary>Says when it is disposed.</summary>
public sealed class Disposed : ComponentBase, IDisposable
{
    [Inject]
    private Signals Signals { get; set; } = null!;

    /// <inheritdoc/>
    public void Dispose() => _ = Signals.WaitAsync("disposed");
}
