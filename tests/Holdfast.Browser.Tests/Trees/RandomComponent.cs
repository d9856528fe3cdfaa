using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Holdfast.Browser.Tests.Trees;

/// <summary>A component that is made of parts, can be rendered by itself, and whose methods are the handlers in it.</summary>
internal interface IRandomOwner
{
    Part[] Content { get; }

    Scope Scope { get; }

    RandomOwners Owners { get; }

    void Render();

    void Happened();

    void HappenedIn(Scope scope);
}

/// <summary>The components of one page that are there now; the root is the first.</summary>
internal sealed class RandomOwners : List<IRandomOwner>
{
    /// <summary>What the next component does that is given its parameters: a child that makes its parent render again, within the same batch.</summary>
    public Action? Next { get; set; }

    public void RunNext()
    {
        var next = Next;
        Next = null;
        next?.Invoke();
    }
}

/// <summary>A plain component of random content.</summary>
internal sealed class RandomComponent : ComponentBase, IRandomOwner, IDisposable
{
    [Parameter]
    public Part[] Content { get; set; } = [];

    [Parameter]
    public Scope Scope { get; set; } = null!;

    [Parameter]
    public RandomOwners Owners { get; set; } = null!;

    public void Render() => StateHasChanged();

    public void Happened()
    {
    }

    public void HappenedIn(Scope scope)
    {
    }

    public void Dispose() => Owners.Remove(this);

    protected override void OnInitialized() => Owners.Add(this);

    protected override void OnParametersSet() => Owners.RunNext();

    protected override void BuildRenderTree(RenderTreeBuilder builder) => Content.Build(builder, Scope, this);
}

/// <summary>An embedded view of random content.</summary>
internal sealed class RandomView : LiveView, IRandomOwner, IDisposable
{
    [Parameter]
    public Part[] Content { get; set; } = [];

    [Parameter]
    public Scope Scope { get; set; } = null!;

    [Parameter]
    public RandomOwners Owners { get; set; } = null!;

    public void Render() => StateHasChanged();

    public void Happened()
    {
    }

    public void HappenedIn(Scope scope)
    {
    }

    public void Dispose() => Owners.Remove(this);

    protected override void OnInitialized() => Owners.Add(this);

    protected override void OnParametersSet() => Owners.RunNext();

    protected override void BuildRenderTree(RenderTreeBuilder builder) => Content.Build(builder, Scope, this);
}
