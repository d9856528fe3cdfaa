using System.Text;
using AngleSharp.Dom;

namespace Holdfast.Tests.Support;

/// <summary>Writes what a page shows in one form, whatever the order of attributes and however empty texts and implied elements are written: what is equal
/// here is equal to a user.</summary>
internal static class Shown
{
    public static string By(ProtocolClient client) => Of(client.Page);

    public static string Of(LiveDocument page)
    {
        var text = new StringBuilder();
        foreach (var node in page.Nodes)
        {
            Write(text, page, node, 0);
        }

        return text.ToString();
    }

    private static void Write(StringBuilder text, LiveDocument page, LiveNode node, int depth)
    {
        text.Append(' ', depth * 2);
        switch (node.Kind)
        {
            case LiveNodeKind.Text:
                text.Append('"').Append(node.Text.Replace("\n", "\\n")).Append("\"\n");
                return;
            case LiveNodeKind.Markup:
                text.Append("markup ").Append(string.Concat(node.DomNodes.Skip(1).SkipLast(1).Select(one => one is IElement element ? element.OuterHtml : one.TextContent)).Replace("\n", "\\n")).Append('\n');
                return;
            case LiveNodeKind.Component:
                text.Append("component\n");
                break;
            default:
                WriteElement(text, page, (IElement)node.First);
                if (((IElement)node.First).LocalName is "textarea" or "style" or "script" or "title")
                {
                    text.Append(' ', (depth + 1) * 2).Append('"').Append(((IElement)node.First).TextContent.Replace("\n", "\\n")).Append("\"\n");
                    return;
                }

                break;
        }

        foreach (var inner in node.Nodes)
        {
            Write(text, page, inner, depth + 1);
        }
    }

    private static void WriteElement(StringBuilder text, LiveDocument page, IElement element)
    {
        text.Append(element.LocalName);
        foreach (var attribute in element.Attributes.OrderBy(attribute => attribute.Name, StringComparer.Ordinal))
        {
            // What a user typed is what a control shows: the server knows it, and has no reason to say it.
            var value = attribute.Name == "value" && element.LocalName == "input" && element.HasAttribute("data-hf")
                ? page.Controls.ValueOf(element).ToString()
                : attribute.Value;
            text.Append(' ').Append(attribute.Name).Append("='").Append(value).Append('\'');
        }

        text.Append('\n');
    }
}
