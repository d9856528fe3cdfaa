#pragma warning disable BL0006 // Renders with the library's own renderer.
using System.Text;
using Holdfast.Protocol;
using Holdfast.Rendering;
using Holdfast.Sessions;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.RenderTree;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Browser.Tests.Trees;

/// <summary>
/// A random page in the library's own renderer and output, as a mounted page has them: what it writes is what a server would send. Owns the renderer.
/// </summary>
internal sealed class RandomPage : IRenderHost, IViewHost, IPageClient, IAsyncDisposable
{
    private static readonly ServiceProvider Services = new ServiceCollection().BuildServiceProvider();

    [ThreadStatic]
    private static (Part[] Content, Scope Scope, RandomOwners Owners) _mounting;

    private readonly LiveDispatcher _dispatcher = new();
    private readonly LiveRenderer _renderer;
    private readonly PageOutput _output;
    private readonly RandomOwners _owners = [];
    private readonly List<string> _frames = [];
    private Exception? _failure;

    private RandomPage()
    {
        _renderer = new LiveRenderer(Services, NullLoggerFactory.Instance, _dispatcher, this, isInteractive: true);
        _output = new PageOutput(_renderer, replacing: static () => { });
    }

    public Type PageType => typeof(Root);

    public bool IsFull => false;

    public static async Task<RandomPage> MountAsync(Part[] content, Scope scope)
    {
        var page = new RandomPage();
        await page.RunAsync(async () =>
        {
            _mounting = (content, scope, page._owners);
            await page._renderer.RenderRootAsync(typeof(Root));
            page._output.Connect(page, digest: null, sequence: 0, new PageOutput.Joining("instance", "start", 1, "new"));
            page._output.IsHeld = true;
        });
        page._frames.Clear();
        return page;
    }

    /// <summary>What a join would find now: the page's HTML and its digest.</summary>
    public async Task<(string Html, string Digest)> ShowAsync()
    {
        var shown = ("", "");
        await RunAsync(() =>
        {
            using var html = new HtmlBuffer();
            using var writer = new PageWriter(_renderer, html, withDigest: true);
            writer.WriteContent(_renderer.RootId);
            shown = (html.Written.ToString(), writer.Digest);
            return Task.CompletedTask;
        });
        return shown;
    }

    /// <summary>Changes some of what the page shows, in one or more renders of one or more components; returns the patches.</summary>
    public Task<string[]> ChangeAsync(Chance chance) => ChangeAsync(() =>
    {
        for (var renders = 1 + chance.Below(3); renders > 0; renders--)
        {
            var owner = _owners.Count > 1 && chance.Percent(40) ? _owners[chance.Below(_owners.Count)] : _owners[0];
            if (chance.Percent(15))
            {
                _owners.Next = () => Change(_owners[0], chance);
            }

            Change(owner, chance);
            _owners.Next = null;
        }
    });

    /// <summary>Goes on to what the page shows next, in one render of all; returns the patches.</summary>
    public Task<string[]> NextAsync(Chance chance) => ChangeAsync(() => Change(_owners[0], chance));

    private async Task<string[]> ChangeAsync(Action change)
    {
        await RunAsync(() =>
        {
            change();
            _output.Flush();
            return Task.CompletedTask;
        });
        var frames = _frames.ToArray();
        _frames.Clear();
        return frames;
    }

    public async ValueTask DisposeAsync()
    {
        await _dispatcher.Inner.InvokeAsync(async () => await _renderer.DisposeAsync());
        _output.Dispose();
    }

    private static void Change(IRandomOwner owner, Chance chance)
    {
        owner.Content.Change(owner.Scope, chance);
        owner.Render();
    }

    private async Task RunAsync(Func<Task> work)
    {
        await _dispatcher.Inner.InvokeAsync(work);
        if (_failure is { } failure)
        {
            throw new InvalidOperationException("The page cannot be rendered.", failure);
        }
    }

    void IRenderHost.OnRendered(in RenderBatch batch)
    {
        _output.Add(batch);
        for (var i = 0; i < batch.DisposedComponentIDs.Count; i++)
        {
            _renderer.Handlers.Remove(batch.DisposedComponentIDs.Array[i]);
        }
    }

    void IRenderHost.OnUnhandled(Exception exception) => _failure = exception;

    ViewLink IRenderHost.CreateLink(ViewSlot slot, LiveView view) => new(new Mount(MountReason.Render, Found.New), this);

    void IRenderHost.OnViewFailed(ViewSlot slot, Exception exception) => _failure = exception;

    void IViewHost.Restore(LiveView view)
    {
    }

    void IViewHost.Start(Func<CancellationToken, Task> work, Func<Exception, Task> failed) => throw new NotSupportedException();

    void IViewHost.ClearState(LiveView view) => throw new NotSupportedException();

    void IViewHost.OnRestoredHookFailed(LiveView view, Exception exception) => _failure = exception;

    void IPageClient.Send(ServerFrame frame)
    {
        _frames.Add(Encoding.UTF8.GetString(frame.Memory.Span));
        frame.Return();
    }

    void IPageClient.SendJoined(ServerFrame frame) => frame.Return();

    void IPageClient.Remount(MountedPage page, MountReason reason) => throw new NotSupportedException();

    void IPageClient.Ended(MountedPage page)
    {
    }

    void IPageClient.TakenOver()
    {
    }

    private sealed class Root : ComponentBase, IRandomOwner
    {
        public Root()
        {
            (Content, Scope, Owners) = _mounting;
            Owners.Add(this);
        }

        public Part[] Content { get; }

        public Scope Scope { get; }

        public RandomOwners Owners { get; }

        public void Render() => StateHasChanged();

        public void Happened()
        {
        }

        public void HappenedIn(Scope scope)
        {
        }

        protected override void BuildRenderTree(RenderTreeBuilder builder) => Content.Build(builder, Scope, this);
    }
}
