namespace Holdfast;

/// <summary>What <see cref="LiveView.On{T}(Action{T}, T)"/> makes: a handler whose argument is known, so that it can be told from
/// the others of a loop without looking into a closure.</summary>
internal abstract class BoundHandler
{
    /// <summary>The method that is called.</summary>
    public abstract Delegate Handler { get; }

    /// <summary>The argument, and the type to write it as.</summary>
    public abstract (object? Value, Type Type) Argument { get; }
}

/// <inheritdoc/>
internal sealed class BoundHandler<T>(Delegate handler, T argument) : BoundHandler
{
    public override Delegate Handler => handler;

    public override (object? Value, Type Type) Argument => (argument, typeof(T));

    public Task InvokeAsync()
    {
        if (handler is Func<T, Task> asynchronous)
        {
            return asynchronous(argument);
        }

        ((Action<T>)handler)(argument);
        return Task.CompletedTask;
    }
}
