using System.Reflection;
using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.Web;

namespace Holdfast.Rendering;

/// <summary>
/// What a view tag becomes: it makes the view, guarded, gives it its link, and is its error boundary. A view that fails is replaced by a
/// fresh one, and nothing around it notices; one that keeps failing is replaced by a note.
/// </summary>
internal sealed class ViewSlot(Type viewType, IRenderHost host) : ErrorBoundaryBase, IDisposable
{
    /// <summary>Failures after which a view is given up. Chosen: a view that failed three times while its page was open will fail again.</summary>
    private const int MaxFailures = 3;

    private Dictionary<string, object?> _parameters = [];
    private object _generation = new(); // The key of the instance. An object, and so no part of addresses: a fresh instance has the same.

    private int _failures;
    private bool _isGivenUp;

    public Type ViewType => viewType;

    /// <summary>The current instance.</summary>
    public LiveView? View { get; private set; }

    /// <summary>Whether it is gone from the tree.</summary>
    public bool IsDisposed { get; private set; }

    public void Dispose() => IsDisposed = true;

    /// <summary>Whether this is the page itself, and not a view embedded in it.</summary>
    public bool IsPage { get; init; }

    public override Task SetParametersAsync(ParameterView parameters)
    {
        _parameters = [];
        foreach (var parameter in parameters)
        {
            _parameters.Add(parameter.Name, parameter.Value);
        }

        return base.SetParametersAsync(ParameterView.Empty);
    }

    /// <summary>Makes the view that the framework asks for. A constructor that throws gives a placeholder that fails in its turn, so
    /// that the failure is this slot's to handle.</summary>
    public IComponent CreateView(IComponentActivator activator)
    {
        try
        {
            var view = (LiveView)activator.CreateInstance(viewType);
            View = view;
            view.Link = host.CreateLink(this, view);
            return view;
        }
        catch (Exception exception)
        {
            return new FailedView(Explain(exception));
        }
    }

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        if (_isGivenUp)
        {
            builder.OpenElement(0, "p");
            builder.AddAttribute(1, "role", "alert");
            builder.AddContent(2, "This part of the page has failed.");
            builder.CloseElement();
            return;
        }

        builder.OpenComponent(3, viewType);
        builder.SetKey(_generation);
        foreach (var (name, value) in _parameters)
        {
            builder.AddComponentParameter(4, name, value!);
        }

        builder.CloseComponent();
    }

    protected override Task OnErrorAsync(Exception exception)
    {
        if (!IsPage)
        {
            _generation = new object();
            _isGivenUp = ++_failures >= MaxFailures;
            Recover();
        }

        host.OnViewFailed(this, exception);
        return Task.CompletedTask;
    }

    private Exception Explain(Exception exception)
    {
        var cause = exception is TargetInvocationException { InnerException: { } inner } ? inner : exception;
        return cause is InvalidOperationException or MissingMethodException
            ? new InvalidOperationException($"View '{viewType}' cannot be mounted: {cause.Message} Register what its constructor needs, or make the parameter optional.", cause)
            : cause;
    }

    /// <summary>Stands for a view whose constructor threw: throws the same when it is rendered, where boundaries see it.</summary>
    private sealed class FailedView(Exception exception) : IComponent
    {
        public void Attach(RenderHandle renderHandle)
        {
        }

        public Task SetParametersAsync(ParameterView parameters)
        {
            ExceptionDispatchInfo.Throw(exception);
            return Task.CompletedTask;
        }
    }
}
