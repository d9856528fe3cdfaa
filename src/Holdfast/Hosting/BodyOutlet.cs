using Holdfast.Http;
using Holdfast.Rendering;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.Extensions.Options;

namespace Holdfast;

/// <summary>Where the page goes in the shell: <c>&lt;body&gt;&lt;BodyOutlet /&gt;&lt;/body&gt;</c>. Everything outside of it is written once and never changes.</summary>
public sealed class BodyOutlet : ComponentBase
{
    /// <summary>What is said, without script, above a page that has changed since the visitor saw what they pressed.</summary>
    [Parameter]
    public string ChangedText { get; set; } = "The page has changed since you saw it, so what you pressed was not done. This is how it is now.";

    /// <summary>What is said, without script, above a page that the visitor posted from too late, or after signing in or out.</summary>
    [Parameter]
    public string ExpiredText { get; set; } = "The page was open for too long, so nothing was done. This is how it is now.";

    [Inject]
    private PageScope Scope { get; set; } = null!;

    /// <inheritdoc/>
    protected override void OnParametersSet()
    {
        Scope.ChangedText = ChangedText;
        Scope.ExpiredText = ExpiredText;
    }

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

    [Inject]
    private IOptions<HoldfastOptions> Options { get; set; } = null!;

    /// <inheritdoc/>
    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (!Options.Value.WebSockets)
        {
            return;
        }

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
