using System.Buffers;
using Holdfast.Rendering;
using Microsoft.AspNetCore.Components.RenderTree;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Benchmarks.Micro;

/// <summary>What is done with a render.</summary>
public enum RenderUse
{
    /// <summary>Nothing: what Blazor itself costs.</summary>
    Render,

    /// <summary>The addresses of its handlers are brought up to date.</summary>
    RenderAndIndex,

    /// <summary>It becomes a patch.</summary>
    RenderAndPatch,
}

/// <summary>One rendered view, without page and connection.</summary>
internal sealed class RenderHarness : IRenderHost, IViewHost
{
    private readonly LiveDispatcher _dispatcher = new();
    private readonly LiveRenderer _renderer;
    private readonly PatchWriter _patch;
    private readonly Type _type;
    private long _sequence;

    private RenderHarness(Type type)
    {
        _type = type;
        var scope = MicroServices.Build().Services.CreateScope().ServiceProvider;
        scope.GetRequiredService<PageScope>().PageType = type;
        _renderer = new LiveRenderer(scope, NullLoggerFactory.Instance, _dispatcher, this, isInteractive: true);
        _patch = new PatchWriter(_renderer);
    }

    public Type PageType => _type;

    public RenderUse Use { get; set; }

    public LiveView View => _renderer.PageSlot!.View!;

    public HandlerIndex Handlers => _renderer.Handlers;

    private int ViewId { get; set; }

    public static RenderHarness Create(Type type)
    {
        var harness = new RenderHarness(type);
        harness.Run(() =>
        {
            _ = harness._renderer.RenderRootAsync(typeof(PageHost));
            harness._patch.ResetNumbers(harness._renderer.RootId);
            harness._renderer.IndexPage(harness._renderer.RootId, 0, rebind: true);
            using var writer = new PageWriter(harness._renderer, html: null, withDigest: true) { ComponentWritten = harness.Number };
            writer.WriteContent(harness._renderer.RootId);
        });
        return harness;
    }

    /// <summary>Changes the view and renders it again.</summary>
    public long Change(Action change)
    {
        Run(() =>
        {
            change();
            View.Repaint();
        });
        return _sequence;
    }

    public void OnRendered(in RenderBatch batch)
    {
        if (ViewId == 0 || Use == RenderUse.Render)
        {
            return;
        }

        if (Use == RenderUse.RenderAndIndex)
        {
            Handlers.TryGet(ViewId, out var handlers);
            Handlers.IndexComponent(handlers, ++_sequence, disambiguate: true);
            return;
        }

        _patch.Add(batch, ++_sequence);
        var (array, _) = _patch.Take(_sequence, _sequence, 0);
        ArrayPool<byte>.Shared.Return(array);
    }

    public void OnUnhandled(Exception exception) => throw exception;

    public ViewLink CreateLink(ViewSlot slot, LiveView view) => new(new Mount(MountReason.Join, Found.New), this);

    public void OnViewFailed(ViewSlot slot, Exception exception) => throw exception;

    public void Restore(LiveView view)
    {
    }

    public void Start(Func<CancellationToken, Task> work, Func<Exception, Task> failed)
    {
    }

    public void ClearState(LiveView view)
    {
    }

    public void OnRestoredHookFailed(LiveView view, Exception exception)
    {
    }

    /// <summary>The view is the last component.</summary>
    private void Number(int componentId)
    {
        _patch.Number(componentId);
        ViewId = componentId;
    }

    private void Run(Action action) => _dispatcher.Inner.InvokeAsync(action).GetAwaiter().GetResult();
}
