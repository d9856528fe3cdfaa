using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Holdfast.TestViews;

/// <summary>A page of three builds of one app, which differ in how they store it: see <c>Tally.State.cs</c> of each.</summary>
[Route("/tally")]
public sealed partial class Tally : LiveView
{
    /// <inheritdoc/>
    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        (string Id, string Text)[] shown =
            [("build", Build), ("found", Mount.Found.ToString()), ("shared", $"{Shared}"), ("own", $"{Own}"), ("draft", $"{Draft}"), ("name", Name)];
        foreach (var (id, text) in shown)
        {
            builder.OpenElement(0, "p");
            builder.AddAttribute(1, "id", id);
            builder.AddContent(2, text);
            builder.CloseElement();
        }

        builder.OpenElement(3, "button");
        builder.AddAttribute(4, "id", "up");
        builder.AddAttribute(5, "onclick", EventCallback.Factory.Create(this, Up));
        builder.AddContent(6, "+1");
        builder.CloseElement();
        builder.OpenElement(7, "button");
        builder.AddAttribute(8, "id", "rename");
        builder.AddAttribute(9, "onclick", EventCallback.Factory.Create(this, Rename));
        builder.AddContent(10, "Rename");
        builder.CloseElement();
    }

    private void Rename() => Name = "Grace Hopper";

    private void Up()
    {
        Shared++;
        Own++;
        Draft++;
    }
}
