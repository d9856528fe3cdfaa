using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Holdfast.Rendering;

/// <summary>
/// The only place that reaches for private members of the framework. Probed once; where a member is gone, what is built on it works without, as
/// each says.
/// </summary>
internal static class FrameworkPrivates
{
    private static readonly bool HasDelegate = Probe();
    private static readonly bool HasMethodPointer = ProbeMethodPointer();

    private static bool _hasPreviousTree = true;

    /// <summary>The delegate in a callback, to tell handlers apart by their method. Without it, handlers are told apart by their place alone.</summary>
    public static MulticastDelegate? DelegateOf(EventCallback callback) => HasDelegate ? DelegateField(ref callback) : null;

    /// <summary>
    /// What tells the method of a delegate from others of the same target, without asking reflection for it, which looks it up for each new delegate: where its code begins. 0 without it, and
    /// then reflection is asked.
    /// </summary>
    public static nint MethodPointerOf(Delegate handler) => HasMethodPointer ? MethodPointer(handler) : 0;

    /// <summary>The exception that an error boundary holds. It is a protected member, and so part of the framework's contract.</summary>
    public static Exception? CurrentExceptionOf(ErrorBoundaryBase boundary) => CurrentException(boundary);

    /// <summary>
    /// Gives back the buffer of the tree that a component's last render was compared with: the next render begins by doing so, and until then an idle
    /// page would keep every tree twice. Without it, it does.
    /// </summary>
    public static void DropPreviousTree(ComponentState state)
    {
        if (!_hasPreviousTree)
        {
            return;
        }

        try
        {
            PreviousTree(state).Clear();
        }
        catch (MissingFieldException)
        {
            _hasPreviousTree = false;
        }
    }

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

    /// <summary>Two lambdas of one closure must differ, and one made twice must not.</summary>
    private static bool ProbeMethodPointer()
    {
        try
        {
            var closures = (Make(1), Make(2));
            return MethodPointer(closures.Item1.First) != MethodPointer(closures.Item1.Second)
                && MethodPointer(closures.Item1.First) == MethodPointer(closures.Item2.First)
                && MethodPointer(closures.Item1.First) != 0;
        }
        catch (MissingFieldException)
        {
            return false;
        }

        static (Func<int> First, Func<int> Second) Make(int number) => (() => number, () => number + 1);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_methodPtr")]
    private static extern ref nint MethodPointer(Delegate handler);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "Delegate")]
    private static extern ref MulticastDelegate? DelegateField(ref EventCallback callback);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_nextRenderTree")]
    private static extern ref RenderTreeBuilder PreviousTree(ComponentState state);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_CurrentException")]
    private static extern Exception? CurrentException(ErrorBoundaryBase boundary);
}
