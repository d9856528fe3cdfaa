using System.Diagnostics.CodeAnalysis;
using Microsoft.JSInterop;

namespace Holdfast.Hosting;

/// <summary>Stands where components look for JS interop, to say that there is none.</summary>
internal sealed class NoScriptRuntime : IJSRuntime
{
    /// <summary>What Blazor's <c>HeadOutlet</c> asks for after its first render: the title that its script found. Ours leaves the shell's where it is.</summary>
    private const string ExistingTitle = "Blazor._internal.PageTitle.getAndRemoveExistingTitle";

    public ValueTask<TValue> InvokeAsync<[DynamicallyAccessedMembers(JsonSerialized)] TValue>(string identifier, object?[]? args) =>
        InvokeAsync<TValue>(identifier, CancellationToken.None, args);

    public ValueTask<TValue> InvokeAsync<[DynamicallyAccessedMembers(JsonSerialized)] TValue>(string identifier, CancellationToken cancellationToken, object?[]? args) =>
        identifier == ExistingTitle ? ValueTask.FromResult<TValue>(default!) : throw new NotSupportedException(
            $"The script function '{identifier}' cannot be called: a Holdfast page has no JS interop{CallerOf(identifier)}. Let a script of the page do it (it can dispatch a custom event that the view handles), "
            + "or render such a component with Blazor.");

    private static string CallerOf(string identifier) => identifier switch
    {
        _ when identifier.Contains(".InputFile.", StringComparison.Ordinal) => ", which InputFile needs",
        _ when identifier.Contains(".Virtualize.", StringComparison.Ordinal) => ", which Virtualize needs",
        _ when identifier.Contains(".NavigationLock.", StringComparison.Ordinal) => ", which NavigationLock needs where it asks before a page is left for another site",
        _ when identifier.Contains(".domWrapper.", StringComparison.Ordinal) => ", which ElementReference.FocusAsync and FocusOnNavigate need",
        _ => "",
    };

    private const DynamicallyAccessedMemberTypes JsonSerialized =
        DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.PublicProperties;
}
