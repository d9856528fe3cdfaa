#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Rendering;

/// <summary>Writes the handlers of one element after another as the value of <c>data-hf</c> (docs/protocol.md, "Handlers"). Made for one use on the renderer's dispatcher.</summary>
internal sealed class HandlerList(LiveRenderer renderer) : IDisposable
{
    private readonly HtmlBuffer _list = new();
    private int _hint;

    /// <summary>Whether a handler was met that is not the tree's any more: the element was rendered again since.</summary>
    public bool HasMissed { get; private set; }

    public void Dispose() => _list.Dispose();

    /// <summary>The value of an element's <c>data-hf</c>; empty when it has no handlers.</summary>
    public ReadOnlySpan<char> Compose(int componentId, RenderTreeFrame[] frames, int index, int end)
    {
        _list.Clear();
        for (var i = index + 1; i < end && frames[i].FrameType == RenderTreeFrameType.Attribute; i++)
        {
            ref readonly var attribute = ref frames[i];
            if (attribute.AttributeEventHandlerId != 0)
            {
                ref var entry = ref renderer.Handlers.Find(componentId, attribute.AttributeEventHandlerId, ref _hint);
                if (Unsafe.IsNullRef(ref entry))
                {
                    HasMissed = true;
                }
                else
                {
                    AppendHandler(frames, index, end, attribute.AttributeName.AsSpan(2), ref entry);
                }
            }
            else if (EventModifiers.Is(attribute) && EventNameOf(attribute.AttributeName) is { } eventName && !HasHandler(frames, index, end, eventName)
                && !(IsStop(attribute.AttributeName) && HasModifier(frames, index, end, EventModifiers.PreventDefault, eventName)))
            {
                AppendFlags(frames, index, end, eventName, wantsArguments: false);
            }
        }

        return _list.Written;
    }

    private void AppendHandler(RenderTreeFrame[] frames, int index, int end, ReadOnlySpan<char> eventName, ref HandlerEntry entry)
    {
        Separate();
        _list.Append(eventName);
        _list.Append(':');
        HandlerAddress.Write(_list, entry.Hash, entry.IsLong);
        AppendFlagLetters(frames, index, end, eventName, entry.WantsArguments);
    }

    private void AppendFlags(RenderTreeFrame[] frames, int index, int end, ReadOnlySpan<char> eventName, bool wantsArguments)
    {
        Separate();
        _list.Append(eventName);
        _list.Append(':');
        AppendFlagLetters(frames, index, end, eventName, wantsArguments);
    }

    private void AppendFlagLetters(RenderTreeFrame[] frames, int index, int end, ReadOnlySpan<char> eventName, bool wantsArguments)
    {
        var prevents = HasModifier(frames, index, end, EventModifiers.PreventDefault, eventName);
        var stops = HasModifier(frames, index, end, EventModifiers.StopPropagation, eventName);
        if (!wantsArguments && !prevents && !stops)
        {
            return;
        }

        _list.Append('.');
        _list.Append(wantsArguments ? "a" : "");
        _list.Append(prevents ? "p" : "");
        _list.Append(stops ? "s" : "");
    }

    private void Separate()
    {
        if (_list.Written.Length > 0)
        {
            _list.Append(' ');
        }
    }

    private static bool IsStop(string attribute) => attribute.StartsWith(EventModifiers.StopPropagation, StringComparison.Ordinal);

    private static string? EventNameOf(string modifier) =>
        modifier.StartsWith(EventModifiers.PreventDefault, StringComparison.Ordinal) ? modifier[(EventModifiers.PreventDefault.Length + 2)..]
        : IsStop(modifier) ? modifier[(EventModifiers.StopPropagation.Length + 2)..]
        : null;

    private static bool HasHandler(RenderTreeFrame[] frames, int index, int end, string eventName)
    {
        for (var i = index + 1; i < end && frames[i].FrameType == RenderTreeFrameType.Attribute; i++)
        {
            if (frames[i].AttributeEventHandlerId != 0 && frames[i].AttributeName.AsSpan(2).SequenceEqual(eventName))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasModifier(RenderTreeFrame[] frames, int index, int end, string prefix, ReadOnlySpan<char> eventName)
    {
        for (var i = index + 1; i < end && frames[i].FrameType == RenderTreeFrameType.Attribute; i++)
        {
            ref readonly var attribute = ref frames[i];
            if (attribute.AttributeValue is true
                && attribute.AttributeName.StartsWith(prefix, StringComparison.Ordinal)
                && attribute.AttributeName.AsSpan(prefix.Length + 2).SequenceEqual(eventName))
            {
                return true;
            }
        }

        return false;
    }
}
