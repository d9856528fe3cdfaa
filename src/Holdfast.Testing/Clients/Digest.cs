using AngleSharp;
using AngleSharp.Dom;

namespace Holdfast.Testing.Clients;

/// <summary>The digest of what a document shows, as the protocol defines it.</summary>
/// <remarks>Source: FNV-1a, with a second multiplier. Written from the specification alone, so that it checks both the
/// library and the script.</remarks>
public static class Digest
{
    /// <summary>The digest of a list of nodes: 16 lower-case hexadecimal digits.</summary>
    public static string Of(IReadOnlyList<LiveNode> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        var sum = new Sum();
        foreach (var node in nodes)
        {
            sum.Feed(node);
        }

        return $"{sum.A:x8}{sum.B:x8}";
    }

    private sealed class Sum
    {
        public uint A { get; private set; } = 0x811c9dc5;

        public uint B { get; private set; } = 0x9e3779b9;

        public void Feed(LiveNode node)
        {
            switch (node.Kind)
            {
                case LiveNodeKind.Element:
                    FeedElement((IElement)node.First);
                    break;
                case LiveNodeKind.Text:
                    FeedText(node.Text);
                    break;
                case LiveNodeKind.Component:
                    Feed(6);
                    FeedAll(node.Nodes);
                    Feed(7);
                    break;
                case LiveNodeKind.Markup:
                    Feed(8);
                    Feed(MarkupOf(node));
                    Feed(9);
                    break;
            }
        }

        private void FeedElement(IElement element)
        {
            Feed(1);
            Feed(element.LocalName);
            Feed(2);
            FeedAttributes(element);
            if (!LiveDocument.HoldsRawText(element))
            {
                FeedAll(LiveNode.Of(element));
            }
            else if (element.TextContent is { Length: > 0 } text)
            {
                FeedText(text);
            }

            Feed(3);
        }

        private void FeedAttributes(IElement element)
        {
            uint a = 0, b = 0;
            foreach (var attribute in element.Attributes)
            {
                var one = new Sum();
                one.Feed(attribute.Name);
                one.Feed(0);
                one.Feed(attribute.Value);
                a += Mixed(one.A);
                b += Mixed(one.B);
            }

            Feed((ushort)a);
            Feed((ushort)(a >> 16));
            Feed((ushort)b);
            Feed((ushort)(b >> 16));
        }

        private void FeedText(string text)
        {
            Feed(4);
            Feed(text);
            Feed(5);
        }

        private void FeedAll(IReadOnlyList<LiveNode> nodes)
        {
            foreach (var node in nodes)
            {
                Feed(node);
            }
        }

        private void Feed(string text)
        {
            foreach (var unit in text)
            {
                Feed(unit);
            }
        }

        private void Feed(ushort unit)
        {
            A = (A ^ unit) * 0x01000193;
            B = (B ^ unit) * 0x85ebca6b;
        }

        /// <summary>Without it, two values that change places could add up to the same. Source: MurmurHash3's finaliser.</summary>
        private static uint Mixed(uint number)
        {
            number = (number ^ (number >> 16)) * 0x85ebca6b;
            return number ^ (number >> 13);
        }

        private static string MarkupOf(LiveNode block) =>
            string.Concat(block.DomNodes.Skip(1).SkipLast(1).Select(node => node.ToHtml()));
    }
}
