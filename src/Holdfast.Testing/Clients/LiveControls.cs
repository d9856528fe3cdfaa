using System.Text.Json;
using System.Text.RegularExpressions;
using AngleSharp.Dom;

namespace Holdfast.Testing.Clients;

/// <summary>Owns the live values of a document's controls: what a user put in them, as against what HTML and patches
/// gave. A control without a live value follows what the server gave last.</summary>
public sealed partial class LiveControls
{
    /// <summary>A change that no event has carried yet.</summary>
    private const long NotSent = long.MaxValue;

    private readonly LiveDocument _document;
    private readonly Dictionary<IElement, State> _states = [];

    internal LiveControls(LiveDocument document) => _document = document;

    /// <summary>The control that has the focus; it is not written while what was typed in it is on its way.</summary>
    public IElement? Focused { get; private set; }

    /// <summary>What the control holds now.</summary>
    public FieldValue ValueOf(IElement control) =>
        _states.TryGetValue(control, out var state) && state.Live is { } live ? live : GivenFor(control);

    /// <summary>What the server gave last.</summary>
    public FieldValue GivenFor(IElement control) => control.LocalName switch
    {
        "textarea" => control.TextContent,
        "select" when control.HasAttribute("multiple") => SelectedOptions(control).ToArray(),
        "select" => SelectedOptions(control).LastOrDefault() ?? FirstOption(control) ?? "",
        _ when IsCheckable(control) => control.HasAttribute("checked"),
        _ => control.GetAttribute("value") ?? "",
    };

    /// <summary>Whether the live value is not the one that the server gave last.</summary>
    public bool IsTouched(IElement control) => ValueOf(control) != GivenFor(control);

    /// <summary>The user puts a value in a control, which takes the focus. A radio button takes it from its group.</summary>
    public void Put(IElement control, FieldValue value)
    {
        Focus(control);
        Touch(control, value);
        if (IsRadio(control))
        {
            foreach (var other in _document.FindAll("input").Where(other => InGroupOf(control, other)))
            {
                Touch(other, false);
            }
        }
    }

    /// <summary>Moves the focus; <see langword="null"/> takes it from the page. What was held back is then written.</summary>
    public void Focus(IElement? control)
    {
        if (Focused is { } last && last != control && _states.TryGetValue(last, out var state) && state.IsHeldBack)
        {
            state.Follow();
        }

        Focused = control;
    }

    /// <summary>Whether an element has a value of its own beside the one that its HTML gives.</summary>
    public static bool IsControl(IElement element) => element.LocalName is "input" or "textarea" or "select";

    /// <summary>Whether it is a radio button.</summary>
    public static bool IsRadio(IElement control) => TypeOf(control) == "radio";

    /// <summary>The value as an event or <c>fields</c> carries it: a radio button's is its value, not its state.</summary>
    internal FieldValue PayloadOf(IElement control) =>
        IsRadio(control) ? control.GetAttribute("value") ?? "on"
        : TypeOf(control) is "time" or "datetime-local" && ValueOf(control).ToString() is { } time && MinutesAtEnd().IsMatch(time) ? time + ":00"
        : ValueOf(control);

    [GeneratedRegex("(^|T)[0-9]{2}:[0-9]{2}$")]
    private static partial Regex MinutesAtEnd();

    /// <summary>An event with the control's present value was given this ref.</summary>
    internal void Carried(IElement control, long eventRef)
    {
        var state = StateOf(control);
        state.TouchedBy = eventRef;
        state.Last = (eventRef, PayloadOf(control));
    }

    /// <summary>The last event that carried a value of this control; 0 when there was none.</summary>
    internal (long Ref, FieldValue Value) LastEventOf(IElement control) =>
        _states.TryGetValue(control, out var state) ? state.Last : default;

    /// <summary>The touched controls that may be sent in <c>fields</c>, in document order.</summary>
    internal IEnumerable<IElement> Touched() => _document.FindAll("input, textarea, select").Where(control =>
        IsTouched(control) && TypeOf(control) != "file" && (!IsRadio(control) || ValueOf(control) == true));

    /// <summary>The server wrote the value. It replaces the live one at once; not while an event with a newer one is
    /// under way, and, where no event has told of that, only when the focus leaves.</summary>
    internal void WrittenByServer(IElement control, long handledRef)
    {
        if (!_states.TryGetValue(control, out var state) || (state.TouchedBy > handledRef && state.TouchedBy != NotSent))
        {
            return;
        }

        if (control == Focused && state.TouchedBy == NotSent)
        {
            state.IsHeldBack = true;
        }
        else
        {
            state.Follow();
        }
    }

    /// <summary>Selects the options with this value, or with these values, as if the HTML had.</summary>
    internal void Select(IElement select, JsonElement value)
    {
        var text = value.GetString()!;
        string[] wanted = select.HasAttribute("multiple") && text.StartsWith('[') ? JsonSerializer.Deserialize<string[]>(text)! : [text];
        foreach (var option in select.QuerySelectorAll("option"))
        {
            if (wanted.Contains(ValueOfOption(option)))
            {
                option.SetAttribute("selected", "");
            }
            else
            {
                option.RemoveAttribute("selected");
            }
        }
    }

    /// <summary>Forgets controls that left the page.</summary>
    internal void ForgetRemoved()
    {
        foreach (var control in _states.Keys.Where(control => !_document.Document.Contains(control)).ToList())
        {
            _states.Remove(control);
        }

        if (Focused is { } focused && !_document.Document.Contains(focused))
        {
            Focused = null;
        }
    }

    private void Touch(IElement control, FieldValue value)
    {
        var state = StateOf(control);
        state.Live = value;
        state.TouchedBy = NotSent;
        state.IsHeldBack = false;
    }

    private State StateOf(IElement control)
    {
        if (!_states.TryGetValue(control, out var state))
        {
            _states.Add(control, state = new State());
        }

        return state;
    }

    private static bool InGroupOf(IElement radio, IElement other) =>
        other != radio && IsRadio(other)
        && other.GetAttribute("name") is { Length: > 0 } name && name == radio.GetAttribute("name")
        && other.Closest("form") == radio.Closest("form");

    private static bool IsCheckable(IElement control) => TypeOf(control) is "checkbox" or "radio";

    private static string? TypeOf(IElement control) =>
        control.LocalName == "input" ? control.GetAttribute("type")?.ToLowerInvariant() : null;

    private static IEnumerable<string> SelectedOptions(IElement select) =>
        select.QuerySelectorAll("option").Where(option => option.HasAttribute("selected")).Select(ValueOfOption);

    private static string? FirstOption(IElement select) =>
        select.QuerySelectorAll("option").Where(option => !option.HasAttribute("disabled")).Select(ValueOfOption).FirstOrDefault();

    private static string ValueOfOption(IElement option) =>
        option.GetAttribute("value") ?? string.Join(' ', option.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private sealed class State
    {
        public FieldValue? Live { get; set; }

        public long TouchedBy { get; set; }

        public bool IsHeldBack { get; set; }

        public (long Ref, FieldValue Value) Last { get; set; }

        public void Follow()
        {
            Live = null;
            IsHeldBack = false;
            TouchedBy = 0;
        }
    }
}
