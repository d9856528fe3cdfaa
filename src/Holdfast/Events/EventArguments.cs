using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using ErrorEventArgs = Microsoft.AspNetCore.Components.Web.ErrorEventArgs;

namespace Holdfast.Events;

/// <summary>
/// Makes the arguments of a handler from what the page sent: of the type that Blazor knows for the event, and for an event of the app's own
/// (<c>[EventHandler("oncustompaste", typeof(CustomPasteEventArgs))]</c>) of the type that its handler declares. Nothing the page sends chooses a type.
/// </summary>
internal static class EventArguments
{
    /// <summary>Blazor's own table: which event has which arguments.</summary>
    private static readonly FrozenDictionary<string, Type> Known = typeof(EventHandlers).GetCustomAttributes<EventHandlerAttribute>()
        .DistinctBy(handler => handler.AttributeName)
        .ToFrozenDictionary(handler => handler.AttributeName, handler => handler.EventArgsType);

    // The names of Blazor's properties are the DOM's, but for the first letter.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <param name="attribute">The handler's attribute, such as <c>onclick</c>.</param>
    /// <param name="payload">What the page sent: null, a string, a bool, a string[] or an object.</param>
    /// <param name="declared">What the handler takes: <see cref="EventArgs"/>, or derived from it.</param>
    /// <param name="arguments">The arguments.</param>
    /// <returns>False when the payload does not fit the event.</returns>
    public static bool TryCreate(string attribute, object? payload, Type declared, out EventArgs arguments)
    {
        var type = Known.TryGetValue(attribute, out var known) && known.IsAssignableTo(declared) ? known : declared;
        if (type == typeof(ChangeEventArgs))
        {
            arguments = new ChangeEventArgs { Value = payload };
            return payload is string or bool or string[];
        }

        arguments = EventArgs.Empty;
        return payload switch
        {
            null => type == typeof(EventArgs) || TryRead(EmptyObject, type, attribute, out arguments),
            JsonElement { ValueKind: JsonValueKind.Object } properties => type == typeof(EventArgs) || TryRead(properties, type, attribute, out arguments),
            _ => false,
        };
    }

    private static readonly JsonElement EmptyObject = JsonElement.Parse("{}");

    private static bool TryRead(JsonElement properties, Type type, string attribute, out EventArgs arguments)
    {
        try
        {
            arguments = (EventArgs)properties.Deserialize(type, Json)!;
            Complete(arguments, attribute[2..]);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or NotSupportedException or FormatException or OverflowException or ArgumentException)
        {
            arguments = EventArgs.Empty;
            return false;
        }
    }

    /// <summary>Gives what is known without being sent: the event's name; and what is not sent where it is empty is empty, and not null.</summary>
    private static void Complete(EventArgs arguments, string eventName)
    {
        switch (arguments)
        {
            case MouseEventArgs mouse:
                mouse.Type = eventName;
                if (mouse is DragEventArgs drag)
                {
                    drag.DataTransfer ??= new DataTransfer();
                }
                else if (mouse is PointerEventArgs pointer)
                {
                    pointer.PointerType ??= "";
                }

                break;
            case KeyboardEventArgs key:
                key.Type = eventName;
                key.Key ??= "";
                key.Code ??= "";
                break;
            case TouchEventArgs touch:
                touch.Type = eventName;
                break;
            case FocusEventArgs focus:
                focus.Type = eventName;
                break;
            case ClipboardEventArgs clipboard:
                clipboard.Type = eventName;
                break;
            case ProgressEventArgs progress:
                progress.Type = eventName;
                break;
            case ErrorEventArgs error:
                error.Type = eventName;
                break;
        }
    }
}
