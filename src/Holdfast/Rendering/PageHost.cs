using System.Reflection;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Holdfast.Rendering;

/// <summary>What one scope renders: set before anything is. Scoped; used on the dispatcher.</summary>
internal sealed class PageScope
{
    public Type PageType { get; set; } = typeof(LiveView);

    /// <summary>The page's parameters, from route and the like.</summary>
    public IReadOnlyDictionary<string, object?> Parameters { get; set; } = new Dictionary<string, object?>();

    /// <summary>The ticket that the page's script joins with; null where there is no script.</summary>
    public string? Ticket { get; set; }

    /// <summary>The browser's time zone, for the components that ask for it; null until a browser is connected.</summary>
    public CascadingValueSource<TimeZoneInfo?> TimeZone { get; } = new(LiveView.BrowserTimeZone, default(TimeZoneInfo), isFixed: false);

    /// <summary>Whether the page has members that only a join can restore.</summary>
    public bool HasTabState { get; set; }

    /// <summary>What is said above a page that has changed since it was posted from.</summary>
    public string ChangedText { get; set; } = "";

    /// <summary>What is said above a page that was posted from too late, or by somebody else.</summary>
    public string ExpiredText { get; set; } = "";
}

/// <summary>The root of the live part of a page: the page in its layouts. The same at GET and at join, so that addresses agree.</summary>
internal sealed class PageHost : IComponent
{
    private RenderHandle _handle;

    [Inject]
    private PageScope Scope { get; set; } = null!;

    public void Attach(RenderHandle renderHandle) => _handle = renderHandle;

    public Task SetParametersAsync(ParameterView parameters)
    {
        parameters.SetParameterProperties(this);
        _handle.Render(Build);
        return Task.CompletedTask;
    }

    private void Build(RenderTreeBuilder builder)
    {
        if (Scope.PageType.GetCustomAttribute<LayoutAttribute>()?.LayoutType is not { } layout)
        {
            BuildPage(builder);
            return;
        }

        builder.OpenComponent<LayoutView>(0);
        builder.AddComponentParameter(1, nameof(LayoutView.Layout), layout);
        builder.AddComponentParameter(2, nameof(LayoutView.ChildContent), (RenderFragment)BuildPage);
        builder.CloseComponent();
    }

    private void BuildPage(RenderTreeBuilder builder)
    {
        builder.OpenComponent(3, Scope.PageType);
        foreach (var (name, value) in Scope.Parameters)
        {
            builder.AddComponentParameter(4, name, value);
        }

        builder.CloseComponent();
    }
}
