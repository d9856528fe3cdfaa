#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Rendering;

/// <summary>The value of a <c>select</c>, which HTML has no attribute for: it stands in the options.</summary>
internal static partial class SelectValue
{
    /// <summary>What a <c>select</c> selects; for a multiple one <c>@bind</c> gives the values as JSON. Null where it says nothing of it.</summary>
    public static List<string>? Of(RenderTreeFrame[] frames, int index)
    {
        var attributes = new ElementAttributes(frames, index);
        return attributes.Text("value") is not { } value ? null
            : attributes.Has("multiple") && value.StartsWith('[') ? JsonSerializer.Deserialize<List<string>>(value)
            : [value];
    }

    /// <summary>The same, as its attribute has it.</summary>
    public static string? TextOf(RenderTreeFrame[] frames, int index) => new ElementAttributes(frames, index).Text("value");

    /// <summary>Differs where an option is another one, or has another value.</summary>
    public static ulong HashOfOptions(RenderTreeFrame[] frames, int start, int end, ulong path)
    {
        for (var i = start; i < end; i++)
        {
            ref readonly var frame = ref frames[i];
            path = frame.FrameType switch
            {
                RenderTreeFrameType.Markup => StableHash.Mix(path, StableHash.Of(frame.MarkupContent)),
                RenderTreeFrameType.Text => StableHash.Mix(path, StableHash.Of(frame.TextContent)),
                RenderTreeFrameType.Element => StableHash.Mix(path, (ulong)(uint)frame.Sequence + ((ulong)(uint)(frame.ElementKey?.GetHashCode() ?? 0) << 32)),
                RenderTreeFrameType.Component => StableHash.Mix(path, (ulong)frame.ComponentId),
                RenderTreeFrameType.Attribute when frame.AttributeName == "value" => StableHash.Mix(path, StableHash.Of(PageWriter.TextOf(frame.AttributeValue))),
                _ => path,
            };
        }

        return path;
    }

    /// <summary>Selects the options of static markup, which the Razor compiler makes of options within a component's content.</summary>
    public static string SelectIn(string markup, List<string> values) => !markup.Contains("<option", StringComparison.OrdinalIgnoreCase) ? markup
        : Option().Replace(markup, option => IsSelected(option) || !values.Contains(ValueOf(option)) ? option.Value : $"{option.Groups[1].Value} selected{option.Groups[2].Value}");

    /// <summary>The options of static markup.</summary>
    public static IEnumerable<(string Value, bool IsSelected, bool IsDisabled)> OptionsIn(string markup) => Option().Matches(markup).Select(option =>
        (ValueOf(option), IsSelected(option), DisabledAttribute().IsMatch(option.Groups[1].Value)));

    private static bool IsSelected(Match option) => SelectedAttribute().IsMatch(option.Groups[1].Value);

    private static string ValueOf(Match option)
    {
        var attribute = ValueAttribute().Match(option.Groups[1].Value);
        return WebUtility.HtmlDecode(attribute.Success
            ? attribute.Groups[1].Value + attribute.Groups[2].Value + attribute.Groups[3].Value
            : Spaces().Replace(option.Groups[3].Value.Trim(), " "));
    }

    /// <summary>A start tag, its end and its text.</summary>
    [GeneratedRegex("""(<option(?:\s+[^\s=>"']+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?)*)(\s*>([^<]*))""", RegexOptions.IgnoreCase)]
    private static partial Regex Option();

    [GeneratedRegex(@"\sselected(?=[\s=]|$)", RegexOptions.IgnoreCase)]
    private static partial Regex SelectedAttribute();

    [GeneratedRegex(@"\sdisabled(?=[\s=]|$)", RegexOptions.IgnoreCase)]
    private static partial Regex DisabledAttribute();

    [GeneratedRegex("""\svalue\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", RegexOptions.IgnoreCase)]
    private static partial Regex ValueAttribute();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
