using Microsoft.AspNetCore.Components;

namespace Holdfast;

/// <summary>
/// Stands on <see cref="LiveView"/> and is inherited by every view, so that the renderer is asked for the component of each view
/// tag, and can put a slot there.
/// </summary>
internal sealed class LiveRenderModeAttribute : RenderModeAttribute
{
    public override IComponentRenderMode Mode => LiveRenderMode.Instance;
}

/// <summary>The render mode of views. It carries nothing: there is one.</summary>
internal sealed class LiveRenderMode : IComponentRenderMode
{
    public static readonly LiveRenderMode Instance = new();
}
