#pragma warning disable ASP0006 // The sequences of shared pieces are given by what they stand in.
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.Web;

namespace Holdfast.Browser.Tests.Trees;

/// <summary>Small pages with three states each (0, 1, 2), as the Razor compiler would write them.</summary>
internal static class TreeExamples
{
    private static readonly Part Row = new ExamplePart(static (builder, _, _) => BuildElement(builder, 0, "tr"));

    private static readonly Part Button = new ExamplePart(static (builder, _, owner) =>
    {
        builder.OpenElement(0, "button");
        builder.AddAttribute(1, "onclick", EventCallback.Factory.Create<MouseEventArgs>(owner, owner.Happened));
        builder.CloseElement();
    });

    private static readonly Part Options = new ExamplePart(static (builder, _, _) => BuildOption(builder, "b"));

    private static readonly Part OtherOptions = new ExamplePart(static (builder, _, _) => BuildOption(builder, "c"));

    private static readonly Part Sections = new ExamplePart(static (builder, _, owner) =>
    {
        builder.AddMarkupContent(0, "<tbody><tr><td>1</td></tr></tbody>");
        BuildComponent(builder, 1, Row, owner);
    });

    public static Dictionary<string, Action<RenderTreeBuilder, int, IRandomOwner>> All { get; } = new()
    {
        ["a component that moves among rows without keys"] = (builder, state, owner) => BuildRows(builder, [state > 0, true, true], _ => BuildComponent(builder, 0, Button, owner)),
        ["a handler that moves among rows without keys"] = (builder, state, owner) => BuildRows(builder, [state != 1, true, state < 2], row =>
        {
            builder.OpenElement(0, "button");
            builder.AddAttribute(1, "onclick", EventCallback.Factory.Create<MouseEventArgs>(owner, () => owner.HappenedIn(row)));
            builder.CloseElement();
        }),
        ["a text that moves among rows without keys"] = (builder, state, _) => BuildRows(builder, [state == 0, true], row =>
        {
            builder.OpenElement(0, "textarea");
            builder.AddContent(1, state == 0 && row.Get<int>(Row) == 1 ? "other" : "same");
            builder.CloseElement();
        }),
        ["an option that comes after the value"] = (builder, state, _) =>
        {
            builder.OpenElement(0, "select");
            builder.AddAttribute(1, "value", "b");
            BuildOption(builder, "a");
            if (state == 1)
            {
                BuildOption(builder, "b");
            }

            builder.CloseElement();
        },
        ["options that a component brings"] = (builder, state, owner) =>
        {
            builder.OpenElement(0, "select");
            builder.AddAttribute(1, "value", "b");
            BuildOption(builder, "a");
            if (state == 1)
            {
                BuildComponent(builder, 10, Options, owner);
            }

            builder.CloseElement();
        },
        ["an option that becomes the value within a component, of a list that had none when the component came"] = (builder, state, owner) =>
        {
            builder.OpenElement(0, "select");
            if (state > 0)
            {
                builder.AddAttribute(1, "value", "b");
            }

            BuildOption(builder, "a");
            BuildComponent(builder, 10, state == 2 ? Options : OtherOptions, owner);
            builder.CloseElement();
        },
        ["a textarea with a value, and another beside it"] = (builder, state, _) =>
        {
            if (state > 0)
            {
                builder.OpenElement(0, "textarea");
                builder.AddAttribute(1, "value", "given");
                builder.CloseElement();
                builder.OpenElement(2, "textarea");
                builder.AddContent(3, state == 1 ? "" : "\ntext");
                builder.CloseElement();
            }
        },
        ["a row before a column"] = (builder, state, _) =>
        {
            builder.OpenElement(0, "table");
            if (state == 1)
            {
                BuildElement(builder, 1, "tr");
            }

            BuildElement(builder, 2, "col");
            builder.CloseElement();
        },
        ["a body between rows"] = (builder, state, _) =>
        {
            builder.OpenElement(0, "table");
            BuildElement(builder, 1, "tr");
            if (state == 1)
            {
                BuildElement(builder, 2, "tbody");
            }

            BuildElement(builder, 3, "tr");
            builder.CloseElement();
        },
        ["a component with parts of a table"] = (builder, state, owner) =>
        {
            builder.OpenElement(0, "table");
            if (state == 1)
            {
                BuildComponent(builder, 1, Sections, owner);
            }

            builder.CloseElement();
        },
        ["rows that change places with a body"] = (builder, state, _) =>
        {
            builder.OpenElement(0, "table");
            foreach (var (key, name) in (ReadOnlySpan<(int, string)>)(state == 1 ? [(2, "tbody"), (1, "tr"), (3, "tr")] : [(1, "tr"), (3, "tr"), (2, "tbody")]))
            {
                builder.OpenElement(1, name);
                builder.SetKey(key);
                builder.AddAttribute(2, "data-mark", key);
                builder.CloseElement();
            }

            builder.CloseElement();
        },
        ["markup with the mark of its end, and markup that is only space"] = (builder, state, _) =>
            builder.AddMarkupContent(0, state switch { 0 => "a<!--/m-->b", 1 => " ", _ => "<i>c</i><!--/m-->" }),
        ["a line break as the first in pre"] = (builder, state, _) =>
        {
            if (state == 1)
            {
                builder.OpenElement(0, "pre");
                builder.AddMarkupContent(1, "\n");
                builder.AddContent(2, "text");
                builder.CloseElement();
            }
        },
    };

    public static TheoryData<string> Names => [.. All.Keys];

    private static void BuildRows(RenderTreeBuilder builder, bool[] isOpen, Action<Scope> open)
    {
        builder.OpenRegion(0);
        for (var i = 0; i < isOpen.Length; i++)
        {
            if (isOpen[i])
            {
                var row = new Scope();
                row.Set(Row, i);
                open(row);
            }

            BuildElement(builder, 100, "p");
        }

        builder.CloseRegion();
    }

    private static void BuildComponent(RenderTreeBuilder builder, int sequence, Part content, IRandomOwner owner)
    {
        builder.OpenComponent<RandomComponent>(sequence);
        builder.AddComponentParameter(sequence + 1, nameof(RandomComponent.Content), (Part[])[content]);
        builder.AddComponentParameter(sequence + 2, nameof(RandomComponent.Scope), Scope.Of([content], new Chance(0)));
        builder.AddComponentParameter(sequence + 3, nameof(RandomComponent.Owners), owner.Owners);
        builder.CloseComponent();
    }

    private static void BuildOption(RenderTreeBuilder builder, string value)
    {
        builder.OpenElement(5, "option");
        builder.AddContent(6, value);
        builder.CloseElement();
    }

    private static void BuildElement(RenderTreeBuilder builder, int sequence, string name)
    {
        builder.OpenElement(sequence, name);
        builder.CloseElement();
    }
}
