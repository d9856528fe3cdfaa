using Microsoft.AspNetCore.Components.Rendering;

namespace Holdfast.Browser.Tests.Trees;

/// <summary>A piece of a page that shows its states one after the other.</summary>
/// <param name="build">Writes the state of this number.</param>
internal sealed class ExamplePart(Action<RenderTreeBuilder, int, IRandomOwner> build) : Part(0)
{
    public override void Fill(Scope scope, Chance chance) => scope.Set(this, 0);

    public override void Change(Scope scope, Chance chance) => scope.Set(this, scope.Get<int>(this) + 1);

    public override void Build(RenderTreeBuilder builder, Scope scope, IRandomOwner owner) => build(builder, scope.Get<int>(this), owner);
}
