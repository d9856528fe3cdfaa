namespace Demo.Todos;

/// <summary>One thing to do.</summary>
public sealed record Todo(Guid Id, string Text, bool IsDone)
{
    /// <summary>The longest text, in characters.</summary>
    public const int MaxLength = 200;
}
