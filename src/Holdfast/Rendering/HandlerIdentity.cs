using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Holdfast.State;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Rendering;

/// <summary>
/// What a handler is, apart from its place: the same in every instance of the same build. See docs/decisions/002-the-handler-address.md.
/// </summary>
/// <param name="Hash">Its method; for a lambda with the module version; for <c>On(…)</c> with the argument.</param>
/// <param name="IsAnchored">Whether it does the same wherever it stands: it depends on no local of the render (a loop's variable).</param>
internal readonly record struct HandlerIdentity(ulong Hash, bool IsAnchored)
{
    private static readonly ConcurrentDictionary<MethodInfo, ulong> Methods = new();
    private static readonly ConcurrentDictionary<Type, TargetShape> Shapes = new();

    /// <summary>Forgets what reflection said: a hot reload changed the code.</summary>
    public static void ClearCache()
    {
        Methods.Clear();
        Shapes.Clear();
    }

    public static HandlerIdentity Of(Delegate? handler)
    {
        if (handler is null)
        {
            return new HandlerIdentity(0, false);
        }

        if (handler.Target is BoundHandler bound)
        {
            var (value, type) = bound.Argument;
            return new HandlerIdentity(
                StableHash.Mix(MethodHash(bound.Handler), ArgumentHash(value, type)),
                IsAnchoredTarget(bound.Handler));
        }

        return new HandlerIdentity(MethodHash(handler), IsAnchoredTarget(handler));
    }

    /// <summary>Whether a handler that took another's place still means the same: the same method on the same captured values.</summary>
    public static bool MeansTheSame(Delegate? before, Delegate? after)
    {
        if (ReferenceEquals(before, after))
        {
            return true;
        }

        return before is not null && after is not null && before.Method == after.Method && SameTarget(before.Target, after.Target);
    }

    /// <summary>What a handler is called in logs: <c>Delete(42)</c>, <c>Increment</c>.</summary>
    public static string NameOf(Delegate? handler)
    {
        if (handler?.Target is BoundHandler bound)
        {
            return $"{bound.Handler.Method.Name}({JsonSerializer.Serialize(bound.Argument.Value, bound.Argument.Type)})";
        }

        return handler is null ? "handler" : handler.Method.Name.Contains('<') ? "lambda" : handler.Method.Name;
    }

    private static bool IsAnchoredTarget(Delegate handler) => handler.Target is not { } target || target is IComponent || IsAnchoredClosure(target);

    private static bool IsAnchoredClosure(object target)
    {
        var shape = ShapeOf(target);
        if (!shape.IsClosure)
        {
            return false;
        }

        foreach (var field in shape.Fields)
        {
            var isAnchored = field.GetValue(target) switch
            {
                null or IComponent or System.Globalization.CultureInfo => true,
                Delegate inner => IsAnchoredTarget(inner),
                _ => shape.IsFrameworks,
            };
            if (!isAnchored)
            {
                return false;
            }
        }

        return true;
    }

    private static bool SameTarget(object? before, object? after)
    {
        if (Equals(before, after))
        {
            return true;
        }

        if (before is null || after is null || before.GetType() != after.GetType() || !(ShapeOf(before).IsClosure || before is BoundHandler))
        {
            return false;
        }

        foreach (var field in ShapeOf(before).Fields)
        {
            var (x, y) = (field.GetValue(before), field.GetValue(after));
            if (!(x is Delegate inner ? MeansTheSame(inner, y as Delegate) : SameTarget(x, y)))
            {
                return false;
            }
        }

        return true;
    }

    private static TargetShape ShapeOf(object target) => Shapes.GetOrAdd(target.GetType(), static type =>
    {
        var isClosure = type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);
        var methods = type.GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly);
        return new TargetShape(
            isClosure,
            type.Assembly == typeof(EventCallback).Assembly,
            type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic),
            isClosure && methods is [{ IsGenericMethod: false } only] ? MethodHash(only) : null);
    });

    private static ulong MethodHash(Delegate handler)
    {
        if (handler.Target is not { } target)
        {
            return MethodHash(handler.Method);
        }

        var shape = ShapeOf(target);
        if (shape.OnlyMethodHash is { } only)
        {
            return only;
        }

        var pointer = FrameworkPrivates.MethodPointerOf(handler);
        if (pointer == 0)
        {
            return MethodHash(handler.Method);
        }

        return shape.MethodHashes.TryGetValue(pointer, out var hash) ? hash : shape.MethodHashes.GetOrAdd(pointer, MethodHash(handler.Method));
    }

    private static ulong MethodHash(MethodInfo method) => Methods.GetOrAdd(method, static method =>
    {
        var hash = StableHash.Of($"{method.DeclaringType?.FullName}.{method.Name}");
        return method.Name.Contains('<') ? StableHash.Mix(hash, StableHash.Of(method.Module.ModuleVersionId.ToString("N"))) : hash;
    });

    private static ulong ArgumentHash(object? value, Type type) => value switch
    {
        null => 0,
        string text => StableHash.Of(text),
        int number => StableHash.Mix(1, (ulong)number),
        long number => StableHash.Mix(2, (ulong)number),
        _ => SerializedHash(value, type),
    };

    private static ulong SerializedHash(object value, Type type)
    {
        try
        {
            return StableHash.Of(JsonSerializer.Serialize(value, type, SerializerOptions));
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException)
        {
            throw new InvalidOperationException(
                $"The argument of On(…) cannot be part of a handler's address: a '{type}' cannot be written as JSON. The address must be the same after a restart. Pass a key, such as an id.", exception);
        }
    }

    private static readonly JsonSerializerOptions SerializerOptions = StateJson.CreateOptions();

    /// <summary>What there is to know of the type of a handler's target; kept, because reflection is slow and every handler asks at every render.</summary>
    /// <param name="IsClosure">Whether the compiler made it, for what a lambda captures.</param>
    /// <param name="IsFrameworks">Whether it is the closure of <c>@bind</c>: what it captures besides the author's setter is the same at every render.</param>
    /// <param name="Fields">All of its fields.</param>
    /// <param name="OnlyMethodHash">The hash of the closure's one method, so that a fresh lambda need not be asked for it: that looks it up each time.</param>
    private sealed record TargetShape(bool IsClosure, bool IsFrameworks, FieldInfo[] Fields, ulong? OnlyMethodHash)
    {
        /// <summary>The hashes of its methods, by where their code begins.</summary>
        public ConcurrentDictionary<nint, ulong> MethodHashes { get; } = new();
    }
}
