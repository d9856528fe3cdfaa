using Holdfast.Http;
using Holdfast.Rendering;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Holdfast;

/// <summary>Where the page goes in the shell: <c>&lt;body&gt;&lt;BodyOutlet /&gt;&lt;/body&gt;</c>. Everything outside of it is written once and never changes.</summary>
public sealed class BodyOutlet : ComponentBase
{
    /// <inheritdoc/>
    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.OpenComponent<PageHost>(0);
        builder.CloseComponent();
    }
}

/// <summary>The client script, with the page's ticket. Belongs into the shell's <c>&lt;head&gt;</c> or the end of its body.</summary>
public sealed class HoldfastScript : ComponentBase
{
    [Inject]
    private PageScope Scope { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private ScriptEndpoint Script { get; set; } = null!;

    /// <inheritdoc/>
    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var endpoint = new Uri(Navigation.BaseUri).AbsolutePath + "_holdfast";
        builder.OpenElement(0, "script");
        builder.AddAttribute(1, "id", "holdfast");
        builder.AddAttribute(2, "type", "module");
        builder.AddAttribute(3, "src", $"{endpoint}/holdfast.js?v={Script.Version}");
        builder.AddAttribute(4, "data-ticket", Scope.Ticket);
        builder.AddAttribute(5, "data-socket", endpoint);
        builder.AddAttribute(6, "data-tab-state", Scope.HasTabState);
        builder.CloseElement();
    }
}
