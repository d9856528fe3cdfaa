using Microsoft.AspNetCore.Components;

namespace Holdfast.TestViews.Components;

/// <summary>An event that the app's own scripts dispatch.</summary>
public sealed class CustomPasteEventArgs : EventArgs
{
    /// <summary>When.</summary>
    public DateTime At { get; set; }

    /// <summary>What.</summary>
    public string? PastedData { get; set; }

    /// <summary>How often.</summary>
    public int Times { get; set; }

    /// <summary>A list in it.</summary>
    public List<string> Parts { get; set; } = [];
}

/// <summary>Declares the app's own events, as for Blazor.</summary>
[EventHandler("oncustompaste", typeof(CustomPasteEventArgs), enableStopPropagation: true, enablePreventDefault: true)]
public static class EventHandlers;
