#pragma warning disable ASP0006 // The sequences come from where the parts stand in the source, as the analyzer wants; there is just no source.
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.Web;

namespace Holdfast.Browser.Tests.Trees;

/// <summary>
/// A piece of a page as its author wrote it, with its place in the source: a text, an element, a loop. It does not change; what it shows is in a
/// <see cref="Scope"/>, and changes.
/// </summary>
internal abstract class Part(int sequence)
{
    protected int Sequence => sequence;

    /// <summary>
    /// Whether the framework may give up nodes beside it that nothing has changed: rows without keys, or a key among siblings that have none. It compares
    /// siblings by their places in the source, which repeat there, or go back.
    /// </summary>
    public virtual bool DisturbsNodes => false;

    /// <summary>Says of no element in it any more that it must be the same node.</summary>
    public virtual void Unmark()
    {
    }

    /// <summary>Chooses what it shows first.</summary>
    public abstract void Fill(Scope scope, Chance chance);

    /// <summary>Perhaps chooses something else.</summary>
    public abstract void Change(Scope scope, Chance chance);

    /// <summary>Writes what it shows, as the Razor compiler would.</summary>
    public abstract void Build(RenderTreeBuilder builder, Scope scope, IRandomOwner owner);
}

internal static class PartExtensions
{
    public static void Build(this Part[] parts, RenderTreeBuilder builder, Scope scope, IRandomOwner owner)
    {
        foreach (var part in parts)
        {
            part.Build(builder, scope, owner);
        }
    }

    public static void Unmark(this Part[] parts)
    {
        foreach (var part in parts)
        {
            part.Unmark();
        }
    }

    public static void Change(this Part[] parts, Scope scope, Chance chance)
    {
        foreach (var part in parts)
        {
            part.Change(scope, chance);
        }
    }
}

internal sealed class TextPart(int sequence, string[] values) : Part(sequence)
{
    public override void Fill(Scope scope, Chance chance) => scope.Set(this, chance.Of(values.AsSpan()));

    public override void Change(Scope scope, Chance chance)
    {
        if (chance.Percent(35))
        {
            Fill(scope, chance);
        }
    }

    public override void Build(RenderTreeBuilder builder, Scope scope, IRandomOwner owner) => builder.AddContent(Sequence, scope.Get<string>(this));
}

internal sealed class MarkupPart(int sequence, string[] values) : Part(sequence)
{
    public override void Fill(Scope scope, Chance chance) => scope.Set(this, chance.Of(values.AsSpan()));

    public override void Change(Scope scope, Chance chance)
    {
        if (chance.Percent(35))
        {
            Fill(scope, chance);
        }
    }

    public override void Build(RenderTreeBuilder builder, Scope scope, IRandomOwner owner) => builder.AddMarkupContent(Sequence, scope.Get<string>(this));
}

internal sealed class AttributePart(int sequence, string name, object?[] values) : Part(sequence)
{
    public override void Fill(Scope scope, Chance chance) => scope.Set(this, chance.Of(values.AsSpan()));

    public override void Change(Scope scope, Chance chance)
    {
        if (chance.Percent(25))
        {
            Fill(scope, chance);
        }
    }

    public override void Build(RenderTreeBuilder builder, Scope scope, IRandomOwner owner) => builder.AddAttribute(Sequence, name, scope.Get<object?>(this));
}

/// <summary>A handler that is a method, a lambda of its row, or not there; with flags or without.</summary>
internal sealed class HandlerPart(int sequence, string name) : Part(sequence)
{
    private enum Kind
    {
        None, Method, MethodWithArguments, Lambda,
    }

    public override void Fill(Scope scope, Chance chance) =>
        scope.Set(this, (chance.Of(Kind.None, Kind.Method, Kind.MethodWithArguments, Kind.Lambda, Kind.Lambda), chance.Percent(15), chance.Percent(15)));

    public override void Change(Scope scope, Chance chance)
    {
        if (chance.Percent(20))
        {
            Fill(scope, chance);
        }
    }

    public override void Build(RenderTreeBuilder builder, Scope scope, IRandomOwner owner)
    {
        var (kind, prevents, stops) = scope.Get<(Kind, bool, bool)>(this);
        switch (kind)
        {
            case Kind.Method:
                builder.AddAttribute(Sequence, name, EventCallback.Factory.Create<MouseEventArgs>(owner, owner.Happened));
                break;
            case Kind.MethodWithArguments:
                builder.AddAttribute(Sequence, name, EventCallback.Factory.Create<MouseEventArgs>(owner, _ => owner.Happened()));
                break;
            case Kind.Lambda:
                builder.AddAttribute(Sequence, name, EventCallback.Factory.Create<MouseEventArgs>(owner, () => owner.HappenedIn(scope)));
                break;
        }

        builder.AddEventPreventDefaultAttribute(Sequence + 1, name, prevents);
        builder.AddEventStopPropagationAttribute(Sequence + 2, name, stops);
    }
}

/// <summary>An element. A marked one shows a number of its own as long as it must be the same node.</summary>
internal sealed class ElementPart(int sequence, string name, Part[] attributes, Part[] content, bool isMarked, bool isKeyed) : Part(sequence)
{
    private bool _isMarked = isMarked;

    /// <summary>The key that a loop gives the element of each row; null where this is not such an element.</summary>
    public LoopPart? Loop { get; set; }

    public override bool DisturbsNodes => isKeyed;

    public override void Unmark()
    {
        _isMarked = false;
        content.Unmark();
    }

    public override void Fill(Scope scope, Chance chance) => scope.Set(this, (chance.NextId(), Scope.Of([.. attributes, .. content], chance)));

    public override void Change(Scope scope, Chance chance)
    {
        if (isKeyed && chance.Percent(15))
        {
            Fill(scope, chance); // Another key: another element.
            return;
        }

        var inner = scope.Get<(int, Scope Inner)>(this).Inner;
        attributes.Change(inner, chance);
        content.Change(inner, chance);
    }

    public override void Build(RenderTreeBuilder builder, Scope scope, IRandomOwner owner)
    {
        var (id, inner) = scope.Get<(int, Scope)>(this);
        builder.OpenElement(Sequence, name);
        if (_isMarked)
        {
            builder.AddAttribute(Sequence + 1, "data-mark", id);
        }

        attributes.Build(builder, inner, owner);
        if (Loop is not null)
        {
            builder.SetKey(scope.Get<object>(Loop));
        }
        else if (isKeyed)
        {
            builder.SetKey(id);
        }

        content.Build(builder, inner, owner);
        builder.CloseElement();
    }
}

/// <summary>Shows one piece or the other. What was away comes back as another.</summary>
internal sealed class ConditionPart(int sequence, Part[] shown, Part[] otherwise) : Part(sequence)
{
    public override bool DisturbsNodes => shown.Any(part => part.DisturbsNodes) || otherwise.Any(part => part.DisturbsNodes);

    public override void Unmark()
    {
        shown.Unmark();
        otherwise.Unmark();
    }

    public override void Fill(Scope scope, Chance chance) => Show(scope, chance.Percent(50), chance);

    public override void Change(Scope scope, Chance chance)
    {
        var (isTrue, inner) = scope.Get<(bool, Scope)>(this);
        if (chance.Percent(25))
        {
            Show(scope, !isTrue, chance);
            return;
        }

        (isTrue ? shown : otherwise).Change(inner, chance);
    }

    public override void Build(RenderTreeBuilder builder, Scope scope, IRandomOwner owner)
    {
        var (isTrue, inner) = scope.Get<(bool, Scope)>(this);
        (isTrue ? shown : otherwise).Build(builder, inner, owner);
    }

    private void Show(Scope scope, bool isTrue, Chance chance) => scope.Set(this, (isTrue, Scope.Of(isTrue ? shown : otherwise, chance)));
}

/// <summary>Shows the same piece for each of its rows, with keys or without.</summary>
internal sealed class LoopPart(int sequence, Part[] row, bool isKeyed) : Part(sequence)
{
    public override bool DisturbsNodes => !isKeyed;

    public override void Unmark() => row.Unmark();

    public override void Fill(Scope scope, Chance chance)
    {
        var rows = new List<Scope>();
        for (var i = chance.Below(5); i > 0; i--)
        {
            rows.Add(NewRow(chance));
        }

        scope.Set(this, rows);
    }

    public override void Change(Scope scope, Chance chance)
    {
        var rows = scope.Get<List<Scope>>(this).ToList();
        for (var i = chance.Below(3); i > 0; i--)
        {
            Alter(rows, chance);
        }

        scope.Set(this, rows);
        foreach (var inner in rows.Where(_ => chance.Percent(50)))
        {
            row.Change(inner, chance);
        }
    }

    public override void Build(RenderTreeBuilder builder, Scope scope, IRandomOwner owner)
    {
        foreach (var inner in scope.Get<List<Scope>>(this))
        {
            row.Build(builder, inner, owner);
        }
    }

    private void Alter(List<Scope> rows, Chance chance)
    {
        switch (chance.Below(rows.Count == 0 ? 2 : 9))
        {
            case 0:
                rows.Add(NewRow(chance));
                break;
            case 1:
                rows.Insert(chance.Below(rows.Count + 1), NewRow(chance));
                break;
            case 2 or 3:
                rows.RemoveAt(chance.Below(rows.Count));
                break;
            case 4 or 5:
                var moved = chance.Below(rows.Count);
                var inner = rows[moved];
                rows.RemoveAt(moved);
                rows.Insert(chance.Below(rows.Count + 1), inner);
                break;
            case 6:
                chance.Shuffle(rows);
                break;
            case 7:
                rows.Reverse();
                break;
            default:
                if (chance.Percent(30))
                {
                    rows.Clear();
                }

                break;
        }
    }

    private Scope NewRow(Chance chance)
    {
        var id = chance.NextId();
        var inner = Scope.Of(row, chance);
        inner.Set(this, chance.Of<object>(id, (long)id, $"row {id}"));
        return inner;
    }
}

/// <summary>A fragment, which is a region of its own in the tree.</summary>
internal sealed class RegionPart(int sequence, Part[] content) : Part(sequence)
{
    public override void Unmark() => content.Unmark();

    public override void Fill(Scope scope, Chance chance) => scope.Set(this, Scope.Of(content, chance));

    public override void Change(Scope scope, Chance chance) => content.Change(scope.Get<Scope>(this), chance);

    public override void Build(RenderTreeBuilder builder, Scope scope, IRandomOwner owner) => builder.AddContent(
        Sequence, (RenderFragment)(inside => content.Build(inside, scope.Get<Scope>(this), owner)));
}

/// <summary>A component or an embedded view, which can also be rendered by itself.</summary>
internal sealed class ComponentPart(int sequence, Type type, Part[] content) : Part(sequence)
{
    /// <inheritdoc cref="ElementPart.Loop"/>
    public LoopPart? Loop { get; set; }

    public override void Unmark() => content.Unmark();

    public override void Fill(Scope scope, Chance chance) => scope.Set(this, Scope.Of(content, chance));

    public override void Change(Scope scope, Chance chance) => content.Change(scope.Get<Scope>(this), chance);

    public override void Build(RenderTreeBuilder builder, Scope scope, IRandomOwner owner)
    {
        builder.OpenComponent(Sequence, type);
        builder.AddComponentParameter(Sequence + 1, nameof(RandomComponent.Content), content);
        builder.AddComponentParameter(Sequence + 2, nameof(RandomComponent.Scope), scope.Get<Scope>(this));
        builder.AddComponentParameter(Sequence + 3, nameof(RandomComponent.Owners), owner.Owners);
        if (Loop is not null)
        {
            builder.SetKey(scope.Get<object>(Loop));
        }

        builder.CloseComponent();
    }
}
