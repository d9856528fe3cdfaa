#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.RenderTree;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.JSInterop;

namespace Holdfast.Rendering;

/// <summary>What a renderer is told by, and tells, the page that owns it. Called on the dispatcher.</summary>
internal interface IRenderHost
{
    /// <summary>The type of the page's own view.</summary>
    Type PageType { get; }

    /// <summary>A batch was rendered; its arrays are valid until this returns.</summary>
    void OnRendered(in RenderBatch batch);

    /// <summary>Something failed and no boundary caught it: the renderer must not be used any more.</summary>
    void OnUnhandled(Exception exception);

    /// <summary>The slot asks for what its view needs before it is initialised.</summary>
    ViewLink CreateLink(ViewSlot slot, LiveView view);

    /// <summary>A view failed; the slot has put a fresh one in its place, unless it is the page itself.</summary>
    void OnViewFailed(ViewSlot slot, Exception exception);
}

/// <summary>
/// Renders one page: its first HTML, its patches, and the dispatch of its events. One renderer and one dispatcher per tab, because a callback
/// invoked on another renderer's dispatcher throws. Owned by the page; used only on its dispatcher.
/// </summary>
internal sealed class LiveRenderer : Renderer
{
    /// <summary>Views inside views, at most. Chosen: deeper than any page, shallower than the stack.</summary>
    private const int MaxDepth = 64;

    private readonly IServiceProvider _services;
    private readonly LiveDispatcher _dispatcher;
    private readonly IRenderHost _host;
    private readonly bool _isInteractive;
    private readonly List<ViewSlot> _slots = [];
    private HandlerIndex? _handlers;
    private bool _wantsHead;

    /// <param name="services">The page's scope.</param>
    /// <param name="loggerFactory">For the framework's own messages.</param>
    /// <param name="dispatcher">The page's dispatcher.</param>
    /// <param name="host">The page.</param>
    /// <param name="isInteractive">Whether the page is live; false for the HTML of a GET.</param>
    public LiveRenderer(IServiceProvider services, ILoggerFactory loggerFactory, LiveDispatcher dispatcher, IRenderHost host, bool isInteractive)
        : base(services = new PageServiceProvider(services), loggerFactory)
    {
        _services = services;
        _dispatcher = dispatcher;
        _host = host;
        _isInteractive = isInteractive;
        RendererInfo = new RendererInfo("Holdfast", isInteractive);
        if (services.GetService<IJSRuntime>() is { } scripts)
        {
            ElementReferenceContext = new WebElementReferenceContext(scripts); // So that FocusAsync says what is missing.
        }
    }

    public override Dispatcher Dispatcher => _dispatcher;

    /// <summary>The addresses of the handlers in the tree.</summary>
    public HandlerIndex Handlers => _handlers ??= new HandlerIndex(FramesOf);

    /// <summary>The root component's id, once it is rendered.</summary>
    public int RootId { get; private set; }

    /// <summary>The component with the page: the root, or in a document the one in its body. 0 before there is one.</summary>
    public int PageId { get; private set; }

    /// <summary>The slot of the page itself, once it is rendered.</summary>
    public ViewSlot? PageSlot { get; private set; }

    /// <summary>The root that holds what <c>PageTitle</c> and <c>HeadContent</c> put into the document's head; 0 where nothing in the live page does.</summary>
    public int HeadId { get; private set; }

    protected override RendererInfo RendererInfo { get; }

    protected override ResourceAssetCollection Assets => _services.GetKeyedService<ResourceAssetCollection>(PageServiceProvider.Key) ?? ResourceAssetCollection.Empty;

    public ArrayRange<RenderTreeFrame> FramesOf(int componentId) => GetCurrentRenderTreeFrames(componentId);

    /// <summary>Whether the component is still there.</summary>
    public bool HasFrames(int componentId)
    {
        try
        {
            GetComponentState(componentId);
            return true;
        }
        catch (ArgumentException)
        {
            return false; // Disposed within the batch that is being written.
        }
    }

    /// <summary>All views in the tree.</summary>
    public List<LiveView> Views()
    {
        _slots.RemoveAll(slot => slot.IsDisposed);
        return [.. _slots.Select(slot => slot.View).OfType<LiveView>()];
    }

    /// <summary>Makes the root and renders it; the task ends when nothing in the tree is waiting for its initialisation any more.</summary>
    public Task RenderRootAsync(Type rootType)
    {
        RootId = AssignRootComponentId(InstantiateComponent(rootType));
        return RenderRootComponentAsync(RootId);
    }

    /// <summary>
    /// Renders the head beside the page, if something in the page wants to be there. A live page has no shell around it, in which Blazor's outlet would
    /// stand; a POST renders its page in one. Not called while the page is being mounted: what waits for one root would not wait for the other.
    /// </summary>
    public void RenderHead()
    {
        if (_wantsHead && HeadId == 0 && PageId == RootId)
        {
            HeadId = AssignRootComponentId(InstantiateComponent(typeof(HeadOutlet)));
            _ = RenderRootComponentAsync(HeadId);
        }
    }

    /// <summary>Brings the addresses of a whole page up to date, before it is written.</summary>
    /// <param name="pageHostId">The component that holds the page.</param>
    /// <param name="sequence">The number of the patch in which changes of meaning count as made.</param>
    /// <param name="rebind">Whether the page in the browser is replaced.</param>
    public void IndexPage(int pageHostId, long sequence, bool rebind)
    {
        Handlers.IndexTree(pageHostId, StableHash.Of("page"), sequence, rebind);
        Handlers.Disambiguate();
    }

    /// <summary>Runs a handler that was found by its address.</summary>
    /// <param name="found">The handler.</param>
    /// <param name="owner">The component whose frames hold it.</param>
    /// <param name="arguments">Makes the event's arguments for the type that the handler wants.</param>
    /// <param name="fieldValue">What the control shows now, so that the tree agrees with the browser; null when it is no change.</param>
    /// <returns>Ends when the handler's own task has; whether it threw is <see cref="FailureSince"/>'s to say.</returns>
    public Task DispatchAsync(in HandlerEntry found, ComponentHandlers owner, EventArgs arguments, object? fieldValue)
    {
        var field = fieldValue is null ? null : new EventFieldInfo { ComponentId = owner.ComponentId, FieldValue = fieldValue is string[] values ? JsonSerializer.Serialize(values) : fieldValue };
        return DispatchEventAsync(found.HandlerId, field, arguments, waitForQuiescence: false);
    }

    /// <summary>The name of the event that a handler is for (<c>onclick</c>), and its delegate. Null when it is gone.</summary>
    public (string EventName, Delegate? Handler)? Describe(in HandlerEntry entry, ComponentHandlers owner)
    {
        var frames = FramesOf(owner.ComponentId);
        for (var i = 0; i < frames.Count; i++)
        {
            ref readonly var frame = ref frames.Array[i];
            if (frame.FrameType == RenderTreeFrameType.Attribute && frame.AttributeEventHandlerId == entry.HandlerId)
            {
                return (frame.AttributeName, HandlerIndex.DelegateOf(frame));
            }
        }

        return null;
    }

    /// <summary>Notes what the error boundaries around a component hold, so that <see cref="FailureSince"/> can tell what came after.</summary>
    public void CollectBoundaries(ComponentHandlers owner, List<(ErrorBoundaryBase Boundary, Exception? Before)> boundaries)
    {
        boundaries.Clear();
        for (var state = TryGetState(owner.ComponentId); state is not null; state = state.LogicalParentComponentState)
        {
            if (state.Component is ErrorBoundaryBase boundary and not ViewSlot)
            {
                boundaries.Add((boundary, FrameworkPrivates.CurrentExceptionOf(boundary)));
            }
        }
    }

    /// <summary>The exception that one of the boundaries has caught since.</summary>
    public static Exception? FailureSince(List<(ErrorBoundaryBase Boundary, Exception? Before)> boundaries)
    {
        foreach (var (boundary, before) in boundaries)
        {
            if (FrameworkPrivates.CurrentExceptionOf(boundary) is { } exception && !ReferenceEquals(exception, before))
            {
                return exception;
            }
        }

        return null;
    }

    /// <summary>The components of a type, in the order of the document.</summary>
    public IEnumerable<T> Components<T>() => Components<T>(RootId);

    private IEnumerable<T> Components<T>(int componentId)
    {
        var frames = FramesOf(componentId);
        for (var i = 0; i < frames.Count; i++)
        {
            if (frames.Array[i].FrameType != RenderTreeFrameType.Component)
            {
                continue;
            }

            if (frames.Array[i].Component is T found)
            {
                yield return found;
            }

            foreach (var inner in Components<T>(frames.Array[i].ComponentId))
            {
                yield return inner;
            }
        }
    }

    /// <summary>The component of an id.</summary>
    public IComponent ComponentOf(int componentId) => GetComponentState(componentId).Component;

    protected override IComponent ResolveComponentForRenderMode(
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] Type componentType, int? parentComponentId, IComponentActivator componentActivator, IComponentRenderMode renderMode)
    {
        if (renderMode is not LiveRenderMode)
        {
            throw new NotSupportedException(
                $"Component '{componentType}' cannot be rendered with '{renderMode.GetType().Name}'. A live page has one render mode, Holdfast's own. Remove @rendermode from the component and from its tag.");
        }

        if (parentComponentId is { } parent && ComponentOf(parent) is ViewSlot slot && slot.ViewType == componentType)
        {
            return slot.CreateView(componentActivator);
        }

        CheckDepth(componentType, parentComponentId);
        CheckReference(componentType, parentComponentId);
        var isPage = PageSlot is null && componentType == _host.PageType;
        var created = new ViewSlot(componentType, _host) { IsPage = isPage };
        PageSlot = isPage ? created : PageSlot;
        _slots.Add(created);
        return created;
    }

    private void CheckDepth(Type componentType, int? parentComponentId)
    {
        var depth = 0;
        for (var state = parentComponentId is { } parent ? GetComponentState(parent) : null; state is not null; state = state.ParentComponentState)
        {
            depth += state.Component is ViewSlot ? 1 : 0;
        }

        if (depth >= MaxDepth)
        {
            throw new InvalidOperationException(
                $"View '{componentType}' cannot be embedded: it lies {depth} views deep, the limit is {MaxDepth}. A view probably embeds itself. Give the recursion an end, or use plain components for the levels.");
        }
    }

    /// <summary>A captured reference would be the slot's, and would not be the view's after a failure.</summary>
    private void CheckReference(Type componentType, int? parentComponentId)
    {
        var frames = parentComponentId is { } parent ? FramesOf(parent) : default;
        for (var i = 0; i < frames.Count; i++)
        {
            ref readonly var frame = ref frames.Array[i];
            if (frame.FrameType != RenderTreeFrameType.Component || frame.ComponentType != componentType)
            {
                continue;
            }

            for (var j = i + 1; j < i + frame.ComponentSubtreeLength; j++)
            {
                if (frames.Array[j].FrameType == RenderTreeFrameType.ComponentReferenceCapture)
                {
                    throw new InvalidOperationException(
                        $"The tag of view '{componentType}' has '@ref'. A view is mounted and replaced by its slot, so nobody else may hold it. Remove '@ref'; give the view parameters, or make it a plain component.");
                }
            }
        }
    }

    protected override ComponentState CreateComponentState(int componentId, IComponent component, ComponentState? parentComponentState)
    {
        if (component is InputFile)
        {
            throw new NotSupportedException(
                "InputFile cannot be rendered in a Holdfast page. It needs JS interop, which there is none of. Post the file with a form to an endpoint of the app ('<form method=\"post\" enctype=\"multipart/form-data\" action=\"/upload\">').");
        }

        _wantsHead |= _isInteractive && component is (PageTitle or HeadContent);
        PageId = component is PageHost ? componentId : PageId;
        return base.CreateComponentState(componentId, component, parentComponentState);
    }

    protected override IComponentRenderMode? GetComponentRenderMode(IComponent component) => null;

    protected override Task UpdateDisplayAsync(in RenderBatch renderBatch)
    {
        _host.OnRendered(renderBatch);
        for (var i = 0; i < renderBatch.UpdatedComponents.Count; i++)
        {
            if (TryGetState(renderBatch.UpdatedComponents.Array[i].ComponentId) is { } state)
            {
                FrameworkPrivates.DropPreviousTree(state);
            }
        }

        return _isInteractive ? Task.CompletedTask : Task.FromCanceled(new CancellationToken(canceled: true)); // Canceled: OnAfterRender does not run.
    }

    protected override void HandleException(Exception exception) => _host.OnUnhandled(exception);

    private ComponentState? TryGetState(int componentId)
    {
        try
        {
            return GetComponentState(componentId);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
