#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components.RenderTree;
using Microsoft.AspNetCore.Components.Web;

namespace Holdfast.Rendering;

/// <summary>
/// Writes a render tree as the HTML of docs/protocol.md ("The page's HTML"), as its digest, or both in one pass. Made for one use on the
/// renderer's dispatcher.
/// </summary>
internal sealed partial class PageWriter(LiveRenderer renderer, HtmlBuffer? html, bool withDigest) : IDisposable
{
    private const string EndOfMarkup = "<!--/m-->";

    private static readonly ConcurrentDictionary<string, string> CanonicalMarkup = new();
    private readonly HandlerList _handlers = new(renderer);
    private Digest _digest = new();
    private bool _withDigest = withDigest;
    private Outermost _outermost;

    /// <summary>Whether what is written now is the shell around the page: plain HTML, which nothing will ever patch.</summary>
    public bool IsShell { get; set; }

    /// <summary>Is told of each component that is written, in document order.</summary>
    public Action<int>? ComponentWritten { get; init; }

    /// <summary>Is told what a browser without the script can post, and makes it so; null where nobody will post.</summary>
    public ServedPage? Served { get; init; }

    /// <inheritdoc cref="HandlerList.HasMissed"/>
    public bool MissedHandler => _handlers.HasMissed;

    public string Digest => _digest.ToString();

    public void Dispose() => _handlers.Dispose();

    /// <summary>Forgets the markup of the app as it was before a hot reload.</summary>
    public static void ClearCache() => CanonicalMarkup.Clear();

    /// <summary>What was written before, in the same element.</summary>
    private enum Previous
    {
        Nothing, Text, Other,
    }

    [Flags]
    private enum Outermost
    {
        Rows = 1, Columns = 2, Others = 4,
    }

    /// <summary>What a list of siblings needs to know of what was written before.</summary>
    private struct Siblings
    {
        public Previous Previous;
        public List<string>? Selected;
        public bool IsForeign;
        public string Parent;
        public string? Implied;
        public ServedForm? Form;
        public bool IsDisabled;
    }

    /// <summary>Writes what is in a component, without its markers.</summary>
    public void WriteContent(int componentId)
    {
        var siblings = new Siblings { Parent = "" };
        WriteComponentFrames(componentId, ref siblings);
    }

    /// <summary>Whether the outermost elements are such as only a table holds side by side: without the elements that the parser implies, it would not take them.</summary>
    public bool NeedsTable => _outermost is not (0 or Outermost.Rows or Outermost.Columns or Outermost.Others);

    /// <summary>Writes one frame of a batch, with everything below it.</summary>
    /// <param name="componentId">The component.</param>
    /// <param name="frames">The batch's frames.</param>
    /// <param name="index">The frame.</param>
    /// <param name="isForeign">Whether it goes into SVG or MathML.</param>
    /// <param name="isInTable">Whether the outermost elements are known to be a table's.</param>
    public void WriteFrame(int componentId, RenderTreeFrame[] frames, int index, bool isForeign, bool isInTable)
    {
        var siblings = new Siblings { Parent = isInTable ? "table" : "", IsForeign = isForeign };
        Write(componentId, frames, index, index + HandlerIndex.LengthOf(frames[index]), ref siblings);
    }

    private void WriteComponentFrames(int componentId, ref Siblings siblings)
    {
        var frames = renderer.FramesOf(componentId);
        Write(componentId, frames.Array, 0, frames.Count, ref siblings);
    }

    private void Write(int componentId, RenderTreeFrame[] frames, int start, int end, ref Siblings siblings)
    {
        for (var i = start; i < end; i += HandlerIndex.LengthOf(frames[i]))
        {
            ref readonly var frame = ref frames[i];
            switch (frame.FrameType)
            {
                case RenderTreeFrameType.Text:
                    WriteText(frame.TextContent, ref siblings);
                    break;
                case RenderTreeFrameType.Markup:
                    WriteMarkup(frame.MarkupContent, ref siblings);
                    break;
                case RenderTreeFrameType.Region:
                    Write(componentId, frames, i + 1, i + frame.RegionSubtreeLength, ref siblings);
                    break;
                case RenderTreeFrameType.Component:
                    WriteComponent(frame, ref siblings);
                    break;
                case RenderTreeFrameType.Element:
                    WriteElement(componentId, frames, i, ref siblings);
                    break;
            }
        }
    }

    private void WriteText(string text, ref Siblings siblings)
    {
        if (_withDigest)
        {
            _digest.Feed('\u0004');
            _digest.Feed(text);
            _digest.Feed('\u0005');
        }

        if (html is null)
        {
            return;
        }

        if (text.Length == 0)
        {
            html.Append(IsShell ? "" : "<!--e-->");
            siblings.Previous = IsShell ? siblings.Previous : Previous.Other;
            return;
        }

        if (siblings.Previous == Previous.Text && !IsShell)
        {
            html.Append("<!--t-->");
        }
        else if (siblings is { Previous: Previous.Nothing, Parent: "pre" or "listing" } && text[0] == '\n')
        {
            html.Append('\n'); // The parser drops the first line break.
        }

        html.AppendText(text);
        siblings.Previous = Previous.Text;
    }

    private void WriteMarkup(string markup, ref Siblings siblings)
    {
        if (markup.Length > 0 && string.IsNullOrWhiteSpace(markup) && !markup.Contains('\r', StringComparison.Ordinal))
        {
            WriteText(markup, ref siblings); // The space between two elements: what the Razor compiler makes of a line break.
            return;
        }

        if (!IsShell)
        {
            markup = markup.Replace(EndOfMarkup, "<!-- /m-->", StringComparison.Ordinal); // The only comment in it that would mean something.
        }

        if (siblings.Selected is { } selected)
        {
            markup = SelectValue.SelectIn(markup, selected);
        }

        if (Served?.IsInList == true)
        {
            Served.AddOptions(markup);
        }

        if (_withDigest)
        {
            _digest.Feed('\u0008');
            _digest.Feed(CanonicalMarkup.Count > 10_000 ? Canonical(markup) : CanonicalMarkup.GetOrAdd(markup, Canonical));
            _digest.Feed('\u0009');
        }

        if (siblings.Parent is "table" or "" && !IsShell && ElementThatBegins(markup) is { Length: > 0 } first)
        {
            WriteImpliedParent(first, ref siblings);
        }

        html?.Append(IsShell ? "" : "<!--m-->");
        html?.Append(markup);
        html?.Append(IsShell ? "" : EndOfMarkup);
        siblings.Previous = Previous.Other;
    }

    private void WriteComponent(in RenderTreeFrame frame, ref Siblings siblings)
    {
        if (IsShell)
        {
            WriteShellComponent(frame, ref siblings);
            return;
        }

        CloseImpliedParent(ref siblings);
        ComponentWritten?.Invoke(frame.ComponentId);
        if (_withDigest)
        {
            _digest.Feed('\u0006');
        }

        html?.Append("<!--c-->");
        if (renderer.HasFrames(frame.ComponentId))
        {
            var inner = siblings with { Previous = Previous.Other };
            WriteComponentFrames(frame.ComponentId, ref inner);
            CloseImpliedParent(ref inner);
        }

        html?.Append("<!--/c-->");
        siblings.Previous = Previous.Other;
        if (_withDigest)
        {
            _digest.Feed('\u0007');
        }
    }

    private void WriteShellComponent(in RenderTreeFrame frame, ref Siblings siblings)
    {
        if (frame.ComponentType == typeof(HeadOutlet))
        {
            html?.Append("<!--holdfast-head-->");
            WriteComponentFrames(frame.ComponentId, ref siblings);
            html?.Append("<!--/holdfast-head-->");
            return;
        }

        if (frame.ComponentType != typeof(PageHost))
        {
            WriteComponentFrames(frame.ComponentId, ref siblings);
            return;
        }

        IsShell = false;
        renderer.IndexPage(frame.ComponentId, sequence: 0, rebind: false);
        html?.Append(Served?.Preface());
        var start = html?.Length ?? 0;
        html?.Append("<!--holdfast-->");
        _withDigest = Served is not null && renderer.Handlers.HasGuarded;
        WriteContent(frame.ComponentId);
        html?.Append("<!--/holdfast-->");
        IsShell = true;
        if (Served is not null && html is not null)
        {
            Served.Digest = _withDigest ? Digest : null;
            html.Insert(start, Served.DefaultButtons());
            Served.WriteState(html);
        }

        _withDigest = false;
    }

    private void WriteElement(int componentId, RenderTreeFrame[] frames, int index, ref Siblings siblings)
    {
        ref readonly var element = ref frames[index];
        var end = index + element.ElementSubtreeLength;
        var isForeign = ForeignElement.Is(element.ElementName, siblings.IsForeign);
        var name = isForeign ? element.ElementName : LowerCase(element.ElementName);
        WriteImpliedParent(name, ref siblings);
        if (_withDigest)
        {
            _digest.Feed('\u0001');
            _digest.Feed(name);
            _digest.Feed('\u0002');
        }

        html?.Append('<');
        html?.Append(name);
        var form = siblings.Form ?? Served?.Forms[0];
        var post = Served is null || IsShell || isForeign ? default : Served.Place(componentId, frames, index, name, siblings.IsDisabled, ref form!);
        var (content, value) = WriteAttributes(componentId, frames, index, end, name, isForeign, post, ref siblings);
        html?.Append('>');
        if (_withDigest)
        {
            _digest.EndAttributes();
        }

        if (isForeign || !IsVoid(name))
        {
            WriteChildren(componentId, frames, index, content, end, name, value, isForeign, form, ref siblings);
            html?.Append("</");
            html?.Append(name);
            html?.Append('>');
        }

        siblings.Previous = Previous.Other;
        if (_withDigest)
        {
            _digest.Feed('\u0003');
        }
    }

    private void WriteChildren(int componentId, RenderTreeFrame[] frames, int index, int start, int end, string name, string? value, bool isForeign, ServedForm? form, ref Siblings siblings)
    {
        if (RawText.Is(name, isForeign))
        {
            WriteRawText(name, name == "textarea" && value is not null ? value : RawText.Join(frames, start, end));
            return;
        }

        var inner = new Siblings
        {
            Parent = name,
            IsForeign = ForeignElement.Holds(name, isForeign),
            Selected = name == "select" ? SelectValue.Of(frames, index) : siblings.Selected,
            Form = form,
            IsDisabled = siblings.IsDisabled || (Served is not null && name == "fieldset" && new ElementAttributes(frames, index).Has("disabled")),
        };
        Write(componentId, frames, start, end, ref inner);
        CloseImpliedParent(ref inner);
        if (name == "select")
        {
            Served?.EndList();
        }
    }

    private void WriteRawText(string name, string text)
    {
        if (_withDigest && text.Length > 0)
        {
            _digest.Feed('\u0004');
            _digest.Feed(text);
            _digest.Feed('\u0005');
        }

        if (name is "style" or "script")
        {
            html?.Append(text);
            return;
        }

        if (name == "textarea" && text.StartsWith('\n'))
        {
            html?.Append('\n'); // The parser drops the first line break.
        }

        html?.AppendText(text);
    }

    private (int Content, string? Value) WriteAttributes(int componentId, RenderTreeFrame[] frames, int index, int end, string name, bool isForeign, in PostAttributes post, ref Siblings siblings)
    {
        string? value = null;
        var hasSelected = false;
        var hasHandlers = false;
        var (replacesName, replacesType) = (false, false);
        var i = index + 1;
        for (; i < end && frames[i].FrameType == RenderTreeFrameType.Attribute; i++)
        {
            ref readonly var attribute = ref frames[i];
            if (attribute.AttributeEventHandlerId != 0 || EventModifiers.IsName(attribute.AttributeName))
            {
                hasHandlers = true;
                continue;
            }

            var text = TextOf(attribute);
            if (text is null)
            {
                continue;
            }

            if (attribute.AttributeName.Equals("value", StringComparison.OrdinalIgnoreCase))
            {
                value = text;
                if (name is "textarea" or "select")
                {
                    continue;
                }
            }

            hasSelected |= attribute.AttributeName == "selected";
            var attributeName = isForeign ? attribute.AttributeName : LowerCase(attribute.AttributeName);
            if ((attributeName == "name" && post.Name is not null) || (attributeName == "type" && post.BecomesSubmit))
            {
                replacesName |= attributeName == "name";
                replacesType |= attributeName == "type";
                Served!.NoteReplaced(attributeName, text);
                FeedAttribute(attributeName, text);
            }
            else
            {
                WriteAttribute(attributeName, text);
            }
        }

        if (name == "option" && siblings.Selected is { } selected && !hasSelected && selected.Contains(value ?? RawText.Join(frames, i, end)))
        {
            hasSelected = true;
            WriteAttribute("selected", "");
        }

        if (name == "option")
        {
            Served?.AddOption(value ?? RawText.Join(frames, i, end), hasSelected, new ElementAttributes(frames, index).Has("disabled"));
        }

        if (!post.IsNone)
        {
            WritePostAttributes(post, replacesName, replacesType);
        }

        if (hasHandlers && !IsShell && _handlers.Compose(componentId, frames, index, end) is { Length: > 0 } handlers)
        {
            WriteAttribute("data-hf", handlers);
        }

        return (i, value);
    }

    /// <summary>Writes what only a browser without the script needs: no part of the live page, nor of its digest.</summary>
    /// <param name="post">The attributes.</param>
    /// <param name="replacesName">Whether the live page has another name.</param>
    /// <param name="replacesType">Whether the live page has another type.</param>
    private void WritePostAttributes(in PostAttributes post, bool replacesName, bool replacesType)
    {
        Add("form", post.Form, isReplaced: false);
        Add("name", post.Name, replacesName);
        Add("type", post.BecomesSubmit ? "submit" : null, replacesType);
        Add("id", post.Id, isReplaced: false);
        Add("method", post.Posts ? "post" : null, isReplaced: false);
        Add("formnovalidate", post.BecomesSubmit && post.Form is null ? "" : null, isReplaced: false); // The form of what is in none asks for no validation itself.
        AppendAttribute("data-hf-post", Served!.TakeChanges());

        void Add(string name, string? value, bool isReplaced)
        {
            if (value is null)
            {
                return;
            }

            AppendAttribute(name, value);
            if (!isReplaced)
            {
                Served!.NoteAdded(name);
            }
        }
    }

    private void WriteAttribute(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        FeedAttribute(name, value);
        AppendAttribute(name, value);
    }

    private void FeedAttribute(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        if (_withDigest)
        {
            _digest.Attribute(name, value);
        }
    }

    private void AppendAttribute(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        if (html is null)
        {
            return;
        }

        html.Append(' ');
        html.Append(name);
        if (value.Length > 0)
        {
            html.Append("=\"");
            html.AppendAttributeValue(value);
            html.Append('"');
        }
    }

    /// <summary>The parser puts rows into a body, and columns into a group, that the author did not write: write them, marked.</summary>
    private void WriteImpliedParent(string name, ref Siblings siblings)
    {
        _outermost |= siblings.Parent.Length > 0 ? 0 : name switch { "tr" => Outermost.Rows, "col" => Outermost.Columns, _ => Outermost.Others };
        var implied = siblings.Parent != "table" || IsShell ? null : name switch { "tr" => "tbody", "col" => "colgroup", _ => null };
        if (implied == siblings.Implied)
        {
            return;
        }

        CloseImpliedParent(ref siblings);
        siblings.Implied = implied;
        if (implied is not null)
        {
            html?.Append('<');
            html?.Append(implied);
            html?.Append(" data-hf-implied>");
            siblings.Previous = Previous.Other;
        }
    }

    private void CloseImpliedParent(ref Siblings siblings)
    {
        if (siblings.Implied is { } implied)
        {
            html?.Append("</");
            html?.Append(implied);
            html?.Append('>');
            siblings.Implied = null;
            siblings.Previous = Previous.Other;
        }
    }

    /// <summary>What an attribute says; null where it is not there. Blazor's radio buttons are checked by another word at each render, and the word means nothing.</summary>
    internal static string? TextOf(in RenderTreeFrame attribute) =>
        TextOf(attribute.AttributeValue) is { } text ? attribute.AttributeName is "checked" or "selected" ? "" : text : null;

    internal static string? TextOf(object? value) => value switch
    {
        string text => text,
        true => "",
        null or false or Delegate or Microsoft.AspNetCore.Components.EventCallback => null,
        _ => value.ToString(),
    };

    /// <summary>The name of the element that markup begins with; empty where it begins with something else.</summary>
    private static string ElementThatBegins(string markup)
    {
        var start = markup.AsSpan().TrimStart();
        if (start is not ['<', ..])
        {
            return "";
        }

        var length = start[1..].IndexOfAnyExcept(Letters);
        return LowerCase(start.Slice(1, length < 0 ? start.Length - 1 : length).ToString());
    }

    private static readonly System.Buffers.SearchValues<char> Letters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    private static string LowerCase(string name) => name.AsSpan().ContainsAnyInRange('A', 'Z') ? name.ToLowerInvariant() : name;

    private static bool IsVoid(string name) => name is "area" or "base" or "br" or "col" or "embed" or "hr" or "img" or "input" or "link" or "meta" or "source" or "track" or "wbr";

    /// <summary>Writes tags as browsers serialise them: <c>&lt;img alt /&gt;</c> as <c>&lt;img alt=""&gt;</c>.</summary>
    private static string Canonical(string markup) => Tag().Replace(markup, static tag =>
        $"<{tag.Groups[1].Value}{AttributeInTag().Replace(tag.Groups[2].Value, static attribute => $" {attribute.Groups[1].Value}=\"{ValueIn(attribute)}\"")}>");

    private static string ValueIn(Match attribute) =>
        attribute.Groups[2].Value + attribute.Groups[3].Value.Replace("\"", "&quot;", StringComparison.Ordinal) + attribute.Groups[4].Value;

    [GeneratedRegex(@"<([a-zA-Z][^\s/>]*)((?:\s+[^\s=/>""']+(?:\s*=\s*(?:""[^""]*""|'[^']*'|[^\s""'>]+))?)*)\s*/?>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+([^\s=/>""']+)(?:\s*=\s*(?:""([^""]*)""|'([^']*)'|([^\s""'>]+)))?")]
    private static partial Regex AttributeInTag();
}
