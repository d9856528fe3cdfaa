using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Holdfast.TestViews;

/// <summary>A page with a counter, which each build may store in its own way.</summary>
public abstract class Counting : LiveView
{
    /// <summary>The counter.</summary>
    protected abstract int Value { get; set; }

    /// <inheritdoc/>
    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        builder.OpenElement(0, "p");
        builder.AddAttribute(1, "id", "value");
        builder.AddContent(2, Value);
        builder.CloseElement();
        builder.OpenElement(3, "p");
        builder.AddAttribute(4, "id", "found");
        builder.AddContent(5, Mount.Found.ToString());
        builder.CloseElement();
        builder.OpenElement(6, "button");
        builder.AddAttribute(7, "id", "up");
        builder.AddAttribute(8, "onclick", EventCallback.Factory.Create(this, Up));
        builder.CloseElement();
    }

    private void Up() => Value++;
}
