using AngleSharp.Dom;

namespace Holdfast.Testing.Clients;

/// <summary>What a browser does with forms. Source: HTML, "Form submission".</summary>
internal static class Forms
{
    /// <summary>The form that a click at this element submits by an event; none where the form has no handler.</summary>
    public static IElement? SubmittedBy(IElement target)
    {
        var button = target.Closest("button, input");
        var type = button?.GetAttribute("type") ?? (button?.LocalName == "button" ? "submit" : "text");
        return type == "submit" && button!.Closest("form") is { } form && Handler.OnTheWayUp(form, "submit").Count > 0 ? form : null;
    }

    /// <summary>Where a form is posted to, and with what.</summary>
    public static (Uri Address, Dictionary<string, string> Fields) PostOf(IElement form, LiveControls controls, Uri page)
    {
        var fields = new Dictionary<string, string>();
        foreach (var control in form.QuerySelectorAll("input[name], textarea[name], select[name]"))
        {
            if (Successful(control, controls) is { } value)
            {
                fields[control.GetAttribute("name")!] = value;
            }
        }

        return (form.GetAttribute("action") is { Length: > 0 } action ? new Uri(page, action) : page, fields);
    }

    private static string? Successful(IElement control, LiveControls controls) => control.GetAttribute("type") switch
    {
        _ when control.HasAttribute("disabled") => null,
        "submit" or "button" or "reset" or "image" or "file" => null,
        "checkbox" or "radio" => controls.ValueOf(control) == true ? control.GetAttribute("value") ?? "on" : null,
        _ => controls.ValueOf(control).ToString(),
    };
}
