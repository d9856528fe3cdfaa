using System.Text.Json;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Holdfast.Events;

/// <summary>Makes the arguments of a handler from what the page sent: always of the type that Blazor knows for the event.</summary>
internal static class EventArguments
{
    /// <param name="attribute">The handler's attribute, such as <c>onclick</c>.</param>
    /// <param name="payload">What the page sent: null, a string, a bool, a string[] or an object.</param>
    /// <param name="arguments">The arguments.</param>
    /// <returns>False when the payload does not fit the event.</returns>
    public static bool TryCreate(string attribute, object? payload, out EventArgs arguments)
    {
        arguments = EventArgs.Empty;
        switch (attribute)
        {
            case "onchange" or "oninput":
                arguments = new ChangeEventArgs { Value = payload };
                return payload is string or bool or string[];
            case "onclick" or "ondblclick" or "oncontextmenu" or "onmousedown" or "onmouseup" or "onmouseover" or "onmouseout" or "onmousemove" or "onmouseenter" or "onmouseleave":
                return TryRead(payload, out arguments, properties => Fill(new MouseEventArgs(), properties));
            case "onwheel" or "onmousewheel":
                return TryRead(payload, out arguments, properties => Fill(
                    new WheelEventArgs
                    {
                        DeltaX = properties.Number("deltaX"),
                        DeltaY = properties.Number("deltaY"),
                        DeltaZ = properties.Number("deltaZ"),
                        DeltaMode = (long)properties.Number("deltaMode"),
                    },
                    properties));
            case "onkeydown" or "onkeyup" or "onkeypress":
                return TryRead(payload, out arguments, Keyboard);
            case "onfocus" or "onblur" or "onfocusin" or "onfocusout":
                return TryRead(payload, out arguments, properties => new FocusEventArgs { Type = properties.Text("type") });
            default:
                return payload is null or JsonElement { ValueKind: JsonValueKind.Object };
        }
    }

    private static bool TryRead<T>(object? payload, out EventArgs arguments, Func<Properties, T> create)
        where T : EventArgs
    {
        arguments = EventArgs.Empty;
        if (payload is not (null or JsonElement { ValueKind: JsonValueKind.Object }))
        {
            return false;
        }

        try
        {
            arguments = create(new Properties(payload as JsonElement?));
            return true;
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException or OverflowException)
        {
            return false;
        }
    }

    private static MouseEventArgs Fill(MouseEventArgs arguments, Properties properties)
    {
        arguments.Type = properties.Text("type");
        arguments.Detail = (long)properties.Number("detail");
        arguments.ScreenX = properties.Number("screenX");
        arguments.ScreenY = properties.Number("screenY");
        arguments.ClientX = properties.Number("clientX");
        arguments.ClientY = properties.Number("clientY");
        arguments.OffsetX = properties.Number("offsetX");
        arguments.OffsetY = properties.Number("offsetY");
        arguments.PageX = properties.Number("pageX");
        arguments.PageY = properties.Number("pageY");
        arguments.MovementX = properties.Number("movementX");
        arguments.MovementY = properties.Number("movementY");
        arguments.Button = (long)properties.Number("button");
        arguments.Buttons = (long)properties.Number("buttons");
        arguments.CtrlKey = properties.Flag("ctrlKey");
        arguments.ShiftKey = properties.Flag("shiftKey");
        arguments.AltKey = properties.Flag("altKey");
        arguments.MetaKey = properties.Flag("metaKey");
        return arguments;
    }

    private static KeyboardEventArgs Keyboard(Properties properties) => new()
    {
        Type = properties.Text("type"),
        Key = properties.Text("key"),
        Code = properties.Text("code"),
        Location = (float)properties.Number("location"),
        Repeat = properties.Flag("repeat"),
        CtrlKey = properties.Flag("ctrlKey"),
        ShiftKey = properties.Flag("shiftKey"),
        AltKey = properties.Flag("altKey"),
        MetaKey = properties.Flag("metaKey"),
        IsComposing = properties.Flag("isComposing"),
    };

    /// <summary>The properties of the DOM event; those that were not sent are false, 0 or empty.</summary>
    private readonly struct Properties(JsonElement? element)
    {
        public string Text(string name) => element is { } properties && properties.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

        public double Number(string name) => element is { } properties && properties.TryGetProperty(name, out var value) ? value.GetDouble() : 0;

        public bool Flag(string name) => element is { } properties && properties.TryGetProperty(name, out var value) && value.GetBoolean();
    }
}
