using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Rendering;

/// <summary>
/// The only place that reaches for private members of the framework. Probed once; where a member is gone, what is built on it works without, as
/// each says.
/// </summary>
internal static class FrameworkPrivates
{
    private static readonly bool HasDelegate = Probe();

    /// <summary>The delegate in a callback, to tell handlers apart by their method. Without it, handlers are told apart by their place alone.</summary>
    public static MulticastDelegate? DelegateOf(EventCallback callback) => HasDelegate ? DelegateField(ref callback) : null;

    /// <summary>The exception that an error boundary holds. It is a protected member, and so part of the framework's contract.</summary>
    public static Exception? CurrentExceptionOf(ErrorBoundaryBase boundary) => CurrentException(boundary);

    private static bool Probe()
    {
        try
        {
            var callback = new EventCallback(null, (Action)(() => { }));
            return DelegateField(ref callback) is not null;
        }
        catch (MissingFieldException)
        {
            return false;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "Delegate")]
    private static extern ref MulticastDelegate? DelegateField(ref EventCallback callback);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_CurrentException")]
    private static extern Exception? CurrentException(ErrorBoundaryBase boundary);
}
