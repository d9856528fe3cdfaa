namespace Holdfast.Browser.Tests.Trees;

/// <summary>What one instance of a piece of a page shows: a value for each of its parts. A row of a loop and a branch of a condition have their own.</summary>
internal sealed class Scope
{
    private readonly Dictionary<Part, object?> _values = [];

    /// <summary>The scope of freshly written parts.</summary>
    public static Scope Of(IEnumerable<Part> parts, Chance chance)
    {
        var scope = new Scope();
        foreach (var part in parts)
        {
            part.Fill(scope, chance);
        }

        return scope;
    }

    public T Get<T>(Part part) => (T)_values[part]!;

    public void Set(Part part, object? value) => _values[part] = value;
}
