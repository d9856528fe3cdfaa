using AngleSharp.Dom;

namespace Holdfast.Testing.Clients;

/// <summary>What a browser does with forms. Source: HTML, "Form submission".</summary>
internal static class Forms
{
    /// <summary>The form that a click at this element submits by an event; none where the form has no handler.</summary>
    public static IElement? SubmittedBy(IElement target) =>
        target.Closest("button, input") is { } button && IsSubmit(button) && button.Closest("form") is { } form && Handler.OnTheWayUp(form, "submit").Count > 0 ? form : null;

    /// <summary>The form that a control belongs to: the one it names, else the one around it.</summary>
    public static IElement? OwnerOf(IElement control) =>
        control.GetAttribute("form") is { } id ? control.Owner!.GetElementById(id) : control.Closest("form");

    /// <summary>Whether it is a button that submits its form.</summary>
    public static bool IsSubmit(IElement control) => TypeOf(control) == "submit";

    /// <summary>What a form posts.</summary>
    /// <param name="form">The form.</param>
    /// <param name="submitter">The button that was pressed, if one was.</param>
    /// <param name="isChecked">Whether a check box or radio button is checked.</param>
    /// <param name="valuesOf">What any other control holds.</param>
    public static List<KeyValuePair<string, string>> FieldsOf(IElement form, IElement? submitter, Func<IElement, bool> isChecked, Func<IElement, IEnumerable<string>> valuesOf)
    {
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var control in form.Owner!.QuerySelectorAll("input, textarea, select, button"))
        {
            var name = control.GetAttribute("name");
            if (OwnerOf(control) == form && !string.IsNullOrEmpty(name) && !control.HasAttribute("disabled") && control.Closest("fieldset[disabled]") is null)
            {
                fields.AddRange(Values(control).Select(value => KeyValuePair.Create(name, value)));
            }
        }

        return fields;

        IEnumerable<string> Values(IElement control) => TypeOf(control) switch
        {
            "submit" or "button" or "reset" or "image" => control == submitter ? [control.GetAttribute("value") ?? ""] : [],
            "checkbox" or "radio" => isChecked(control) ? [control.GetAttribute("value") ?? "on"] : [],
            "file" => [],
            _ => valuesOf(control),
        };
    }

    private static string TypeOf(IElement control) =>
        control.GetAttribute("type")?.ToLowerInvariant() ?? (control.LocalName == "button" ? "submit" : "text");
}
