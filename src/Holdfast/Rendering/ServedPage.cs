#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Rendering;

/// <summary>What a control posts.</summary>
internal enum ControlKind
{
    /// <summary>One text: also a <c>select</c> of one.</summary>
    Text,

    /// <summary>Something when it is checked, nothing when it is not.</summary>
    CheckBox,

    /// <summary>Its value, when it is the one of its group that is checked.</summary>
    Radio,

    /// <summary>Any number of values: a multiple <c>select</c>.</summary>
    List,
}

/// <summary>A control with a handler for its change, as it was served.</summary>
/// <param name="Address">The handler's address.</param>
/// <param name="Name">The name that it posts under.</param>
/// <param name="Kind">What it posts.</param>
/// <param name="Shown">A hash of what it showed; of a check box or radio button 1 when it was checked, else 0.</param>
/// <param name="Value">A hash of the <c>value</c> of a check box or radio button.</param>
internal readonly record struct ServedControl(string Address, string Name, ControlKind Kind, uint Shown, uint Value)
{
    /// <summary>The hash of what a control shows.</summary>
    public static uint HashOf(ReadOnlySpan<char> text) => (uint)StableHash.Of(text);
}

/// <summary>One form of a page as it is served: one that the author wrote, or the one around everything that is in none.</summary>
internal sealed class ServedForm(string id, string? submit)
{
    /// <summary>A form that is none of ours: it has no handler, or posts elsewhere.</summary>
    public static readonly ServedForm Authors = new("", null);

    public string Id => id;

    /// <summary>The address of its submit handler.</summary>
    public string? Submit => submit;

    public List<ServedControl> Controls { get; } = [];

    /// <summary>Whether the first button in it, which the Enter key presses, may be one that does something else.</summary>
    public bool NeedsDefaultButton { get; set; }

    /// <summary>Whether something posts through it.</summary>
    public bool IsUsed { get; set; }
}

/// <summary>What an element is given so that a browser without the script can post it.</summary>
/// <param name="Form">The form it belongs to.</param>
/// <param name="Name">The name it posts under.</param>
/// <param name="BecomesSubmit">Whether a button that does nothing without a script becomes one that posts.</param>
/// <param name="Id">The id of a form.</param>
/// <param name="Posts">Whether a form must be told to post.</param>
internal readonly record struct PostAttributes(string? Form, string? Name, bool BecomesSubmit, string? Id, bool Posts)
{
    public bool IsNone => this == default;
}

/// <summary>
/// Collects what a browser can post from a page that is being written: forms, buttons and controls with handlers. Made for one use, by one
/// <see cref="PageWriter"/>. See docs/protocol.md, "Pages without the script".
/// </summary>
/// <param name="renderer">The page's renderer.</param>
/// <param name="protect">Makes the text that a form posts back.</param>
internal sealed class ServedPage(LiveRenderer renderer, Func<ServedPage, ServedForm, string>? protect)
{
    /// <summary>The id of the form around everything that is in none.</summary>
    public const string FormId = "holdfast-post";

    /// <summary>The name of the field with what the server wants back.</summary>
    public const string StateField = "holdfast";

    /// <summary>Names that the server gives begin so.</summary>
    public const string NamePrefix = "hf:";

    private readonly StringBuilder _changes = new();
    private int _hint;

    /// <summary>The form around everything that is in none, then the author's with a submit handler.</summary>
    public List<ServedForm> Forms { get; } = [new ServedForm(FormId, null)];

    /// <summary>The digest of the page, where a handler in it depends on what the page showed.</summary>
    public string? Digest { get; set; }

    /// <summary>What to say above the page.</summary>
    public string? Notice { get; init; }

    /// <summary>The <c>select</c> that is being written.</summary>
    private OpenList? List { get; set; }

    /// <summary>Finds out what an element needs.</summary>
    /// <param name="componentId">The component whose frames they are.</param>
    /// <param name="frames">The frames.</param>
    /// <param name="index">The element.</param>
    /// <param name="element">Its name.</param>
    /// <param name="isDisabled">Whether a <c>fieldset</c> around it is disabled.</param>
    /// <param name="form">The form around it; of a form, the one that it begins.</param>
    public PostAttributes Place(int componentId, RenderTreeFrame[] frames, int index, string element, bool isDisabled, ref ServedForm form)
    {
        var attributes = new ElementAttributes(frames, index);
        switch (element)
        {
            case "form":
                return PlaceForm(componentId, attributes, out form);
            case "button":
                return attributes.Text("type")?.ToLowerInvariant() switch
                {
                    null or "" or "submit" => PlaceButton(componentId, attributes, isSubmit: true, form),
                    "button" => PlaceButton(componentId, attributes, isSubmit: false, form),
                    _ => default,
                };
            case "input":
                return attributes.Text("type")?.ToLowerInvariant() switch
                {
                    "submit" or "image" => PlaceButton(componentId, attributes, isSubmit: true, form),
                    "button" => PlaceButton(componentId, attributes, isSubmit: false, form),
                    "reset" or "file" => default,
                    var type => PlaceControl(componentId, attributes, element, type, isDisabled, form),
                };
            case "select" or "textarea":
                return PlaceControl(componentId, attributes, element, null, isDisabled, form);
            default:
                return default;
        }
    }

    /// <summary>Whether the options of a list are being written.</summary>
    public bool IsInList => List is not null;

    /// <summary>An <c>option</c> of the <c>select</c> that is being written.</summary>
    public void AddOption(string value, bool isSelected, bool isDisabled)
    {
        if (List is not { } list)
        {
            return;
        }

        if (isSelected)
        {
            list.Selected.Add(value);
        }
        else if (!isDisabled)
        {
            list.First ??= value;
        }
    }

    /// <summary>The options in a block of markup.</summary>
    public void AddOptions(string markup)
    {
        foreach (var (value, isSelected, isDisabled) in SelectValue.OptionsIn(markup))
        {
            AddOption(value, isSelected, isDisabled);
        }
    }

    /// <summary>The <c>select</c> is written.</summary>
    public void EndList()
    {
        if (List is { } list)
        {
            List = null;
            var shown = list.IsMultiple ? string.Join('\n', list.Selected) : list.Selected.Count > 0 ? list.Selected[^1] : list.First ?? "";
            list.Form.Controls.Add(list.Control with { Shown = ServedControl.HashOf(shown) });
        }
    }

    /// <summary>Notes an attribute that the element being written has only here.</summary>
    public void NoteAdded(string name) => _changes.Append(_changes.Length > 0 ? " " : "").Append(name);

    /// <summary>Notes an attribute of the element being written that gave way to ours.</summary>
    public void NoteReplaced(string name, string value) => _changes.Append(_changes.Length > 0 ? " " : "").Append(name).Append(':').Append(Uri.EscapeDataString(value));

    /// <summary>The value of the element's <c>data-hf-post</c>; the next one begins anew.</summary>
    public string TakeChanges()
    {
        var changes = _changes.ToString();
        _changes.Clear();
        return changes;
    }

    /// <summary>What comes before the page: the notice, and the hidden button that the Enter key presses where a control is in no form, so that it presses no other.</summary>
    public string Preface() =>
        (Notice is null ? "" : $"<p class=\"holdfast-notice\" role=\"alert\">{HtmlEncoder.Default.Encode(Notice)}</p>") + (renderer.Handlers.IsEmpty ? "" : DefaultButton(FormId));

    /// <summary>Such buttons for the author's forms that need one. Written after the page, when that is known, but they must come before it.</summary>
    public string DefaultButtons() => string.Concat(Forms.Skip(1).Where(form => form.NeedsDefaultButton).Select(form => DefaultButton(form.Id)));

    private static string DefaultButton(string form) => $"<button form=\"{HtmlEncoder.Default.Encode(form)}\" hidden tabindex=\"-1\" data-hf-post></button>";

    /// <summary>Writes what the forms post back.</summary>
    public void WriteState(HtmlBuffer html)
    {
        foreach (var form in Forms)
        {
            if (!form.IsUsed || protect is null)
            {
                continue;
            }

            if (form.Id == FormId)
            {
                html.Append($"<form id=\"{FormId}\" method=\"post\" novalidate hidden><input type=\"hidden\" name=\"{StateField}\" value=\"");
                html.Append(protect(this, form));
                html.Append("\"></form>");
            }
            else
            {
                html.Append("<input type=\"hidden\" form=\"");
                html.AppendAttributeValue(form.Id);
                html.Append($"\" name=\"{StateField}\" value=\"{protect(this, form)}\">");
            }
        }
    }

    private PostAttributes PlaceForm(int componentId, in ElementAttributes form, out ServedForm begun)
    {
        var method = form.Text("method");
        if (AddressOf(componentId, form, "onsubmit") is not { } submit || form.Has("action") || (method is not null && !method.Equals("post", StringComparison.OrdinalIgnoreCase)))
        {
            begun = ServedForm.Authors;
            return default;
        }

        var id = form.Text("id");
        begun = new ServedForm(id ?? $"holdfast-form-{Forms.Count}", submit) { IsUsed = true };
        Forms.Add(begun);
        return new PostAttributes { Id = id is null ? begun.Id : null, Posts = method is null };
    }

    /// <summary>The form that an element names, if it names one: the author's own, unless it is one of ours and stands before.</summary>
    private ServedForm Owner(in ElementAttributes element, ServedForm around) =>
        element.Text("form") is { } id ? Forms.Find(form => form.Id == id) ?? ServedForm.Authors : around;

    private PostAttributes PlaceButton(int componentId, in ElementAttributes button, bool isSubmit, ServedForm form)
    {
        form = Owner(button, form);
        if (form == ServedForm.Authors || button.Has("formaction") || AddressOf(componentId, button, "onclick") is not { } address)
        {
            return default;
        }

        form.IsUsed = true;
        form.NeedsDefaultButton |= !isSubmit;
        var alsoSubmits = isSubmit && form.Submit is not null && !button.Has(EventModifiers.PreventDefault, "onclick");
        return new PostAttributes
        {
            Form = form.Submit is null ? FormId : null,
            Name = $"{NamePrefix}{(alsoSubmits ? "submit" : "click")}:{address}",
            BecomesSubmit = !isSubmit,
        };
    }

    private PostAttributes PlaceControl(int componentId, in ElementAttributes control, string element, string? type, bool isDisabled, ServedForm form)
    {
        form = Owner(control, form);
        if (form == ServedForm.Authors || (AddressOf(componentId, control, "oninput") ?? AddressOf(componentId, control, "onchange")) is not { } address)
        {
            return default;
        }

        form.IsUsed = true;
        var authorsName = control.Text("name");
        var keepsName = !string.IsNullOrEmpty(authorsName) && (form.Submit is not null || type == "radio");
        var name = keepsName ? authorsName! : NamePrefix + address;
        if (!isDisabled && !control.Has("disabled"))
        {
            Collect(control, element, type, new ServedControl(address, name, ControlKind.Text, 0, 0), form);
        }

        return new PostAttributes { Form = form.Submit is null ? FormId : null, Name = keepsName ? null : name };
    }

    private void Collect(in ElementAttributes control, string element, string? type, ServedControl served, ServedForm form)
    {
        switch (element, type)
        {
            case ("select", _):
                var isMultiple = control.Has("multiple");
                List = new OpenList(form, served with { Kind = isMultiple ? ControlKind.List : ControlKind.Text }, isMultiple);
                break;
            case (_, "checkbox" or "radio"):
                form.Controls.Add(served with
                {
                    Kind = type == "radio" ? ControlKind.Radio : ControlKind.CheckBox,
                    Shown = control.Has("checked") ? 1u : 0,
                    Value = ServedControl.HashOf(control.Text("value") ?? "on"),
                });
                break;
            default:
                var text = control.Text("value") ?? (element == "textarea" ? control.InnerText() : "");
                form.Controls.Add(served with { Shown = ServedControl.HashOf(AsPosted(text, element, type)) });
                break;
        }
    }

    /// <summary>What a browser posts for a text that nobody touched: it cleans the values of some controls. Source: HTML, "value sanitization algorithm".</summary>
    private static string AsPosted(string text, string element, string? type) => (element, type) switch
    {
        ("textarea", _) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n'),
        (_, "email" or "url") => WithoutLineBreaks(text).Trim(),
        (_, "color") => text.Length == 0 ? "#000000" : text.ToLowerInvariant(),
        _ => WithoutLineBreaks(text),
    };

    private static string WithoutLineBreaks(string text) =>
        text.AsSpan().ContainsAny('\r', '\n') ? text.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal) : text;

    private string? AddressOf(int componentId, in ElementAttributes element, string eventName)
    {
        if (element.Handler(eventName) is not (> 0 and var handlerId))
        {
            return null;
        }

        ref var entry = ref renderer.Handlers.Find(componentId, handlerId, ref _hint);
        return Unsafe.IsNullRef(ref entry) ? null : HandlerAddress.Format(entry.Hash, entry.IsLong);
    }

    /// <summary>A <c>select</c> whose options are being written.</summary>
    private sealed class OpenList(ServedForm form, ServedControl control, bool isMultiple)
    {
        public ServedForm Form => form;

        public ServedControl Control => control;

        public bool IsMultiple => isMultiple;

        public List<string> Selected { get; } = [];

        public string? First { get; set; }
    }
}
