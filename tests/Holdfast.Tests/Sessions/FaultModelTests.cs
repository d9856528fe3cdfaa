using System.Security.Claims;
using System.Text.Json;
using Holdfast.Diagnostics;
using Holdfast.Http;
using Holdfast.Protocol;
using Holdfast.Sessions;
using Holdfast.State;
using Holdfast.Stores;
using Holdfast.Testing.Time;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using ServerFrame = Holdfast.Protocol.ServerFrame;

namespace Holdfast.Tests.Sessions;

/// <summary>
/// The fault model of docs/decisions/003-the-ack-and-the-fence.md: one or two documents, two nodes, one store; random interleavings of clicks, timers, frames in flight, lost
/// sockets, rejoins on either node, delayed, failed and unanswered writes, and crashes. The real sessions, pages and renderers run; network and
/// store are played by the test.
/// </summary>
public sealed class FaultModelTests
{
    private static readonly int Histories = Environment.GetEnvironmentVariable("HOLDFAST_LONG") == "1" ? 200_000 : 20_000;

    [Fact]
    public async Task No_acked_click_is_lost_and_none_is_applied_twice()
    {
        var witness = new Witness();
        for (var seed = 1; seed <= Histories; seed++)
        {
            await RunAsync(seed, isFenced: true, witness);
        }

        // The histories must have met what they are about.
        witness.Superseded.ShouldBeGreaterThan(Histories / 20);
        witness.Recovered.ShouldBeGreaterThan(Histories / 20);
        witness.Restored.ShouldBeGreaterThan(Histories / 2);
        witness.Crashes.ShouldBeGreaterThan(Histories / 10);
        witness.LostResponses.ShouldBeGreaterThan(Histories / 20);
        witness.ResentEvents.ShouldBeGreaterThan(Histories / 2);
        witness.TimerRuns.ShouldBeGreaterThan(Histories / 2);
    }

    [Fact]
    public async Task Without_the_fence_the_same_histories_go_wrong()
    {
        var wrong = 0;
        for (var seed = 1; seed <= 2_000; seed++)
        {
            try
            {
                await RunAsync(seed, isFenced: false, new Witness());
            }
            catch (HistoryException)
            {
                wrong++;
            }
        }

        wrong.ShouldBeGreaterThan(50, "the model must be able to see the fault that the fence prevents");
    }

    private static async Task RunAsync(int seed, bool isFenced, Witness witness)
    {
        using var history = new History(seed, isFenced, witness);
        var steps = 25 + (seed % 30);
        try
        {
            for (var i = 0; i < steps; i++)
            {
                await history.StepAsync();
            }

            await history.HealAsync();
        }
        catch (HistoryException exception)
        {
            throw new HistoryException($"History {seed}: {exception.Message}\n{history.Log}");
        }
    }

    /// <summary>What the histories met.</summary>
    private sealed class Witness
    {
        public int Superseded;
        public int Recovered;
        public int Restored;
        public int Crashes;
        public int LostResponses;
        public int ResentEvents;
        public int TimerRuns;
    }

    private sealed class HistoryException(string message) : Exception(message);

    /// <summary>The view: a click and a timer, each raising a persisted member.</summary>
    public sealed class ModelView : LiveView
    {
        [Persist]
        public int Count { get; set; }

        [Persist]
        public int Ticks { get; set; }

        /// <summary>A tab's own member, in the same part as fence and watermarks.</summary>
        [Persist(Scope.Tab)]
        public int Mine { get; set; }

        public static ModelView? LastMounted { get; private set; }

        public Task TickAsync() => InvokeAsync(() =>
        {
            Ticks++;
            StateHasChanged();
        });

        protected override void OnInitialized() => LastMounted = this;

        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.OpenElement(0, "button");
            builder.AddAttribute(1, "onclick", EventCallback.Factory.Create(this, Click));
            builder.AddContent(2, Count);
            builder.CloseElement();
        }

        private void Click()
        {
            Count++;
            Mine++;
        }
    }

    /// <summary>One random history.</summary>
    private sealed class History : IDisposable
    {
        private static readonly ServiceProvider Provider = CreateServices();
        private static readonly string Address = FindAddress();

        private readonly Random _random;
        private readonly Witness _witness;
        private readonly bool _isFenced;
        private readonly MemorySessionStore _stored;
        private readonly FakeTimeProvider _time = new();
        private readonly Node[] _nodes;
        private readonly Document[] _documents;

        /// <summary>What happened, to read a history that went wrong.</summary>
        public System.Text.StringBuilder Log { get; } = new();

        public History(int seed, bool isFenced, Witness witness)
        {
            _random = new Random(seed);
            _witness = witness;
            _isFenced = isFenced;
            _stored = new MemorySessionStore(_time);
            _nodes = [NewNode(), NewNode()];
            _documents = seed % 3 == 0 ? [new Document("a"), new Document("b")] : [new Document("a")];
        }

        public async Task StepAsync()
        {
            var document = _documents[_random.Next(_documents.Length)];
            var step = _random.Next(20);
            Log.AppendLine($"step {step}, {document}");
            switch (step)
            {
                case < 5:
                    Click(document);
                    break;
                case < 9:
                    DeliverToServer(document);
                    break;
                case < 11:
                    await DeliverToClientAsync(document);
                    break;
                case < 13:
                    ReleaseWrite();
                    break;
                case 13:
                    FailWrite(isApplied: false);
                    break;
                case 14:
                    FailWrite(isApplied: true);
                    break;
                case 15:
                    Cut(document, noticed: _random.Next(2) == 0);
                    break;
                case 16 or 17:
                    if (document.Link is null)
                    {
                        await JoinAsync(document, _random.Next(2));
                    }

                    break;
                case 18:
                    await TickAsync();
                    break;
                case 19:
                    if (_random.Next(3) == 0)
                    {
                        Crash(_random.Next(2));
                    }
                    else if (_random.Next(3) == 0)
                    {
                        EndWaiting();
                    }

                    break;
            }
        }

        /// <summary>Lets everything work from now on, until the documents know that all their clicks are durable; then the counts must be theirs.</summary>
        public async Task HealAsync()
        {
            for (var round = 0; _documents.Any(document => document.Acked < document.Clicks || document.Link is null); round++)
            {
                if (round > 200)
                {
                    throw new HistoryException($"The clicks are never acked: {string.Join("; ", _documents.AsEnumerable())}.");
                }

                foreach (var document in _documents)
                {
                    if (document.Link is null)
                    {
                        await JoinAsync(document, _random.Next(2));
                    }

                    while (document.ToServer.Count > 0)
                    {
                        DeliverToServer(document);
                    }
                }

                ReleaseAll();
                _time.Advance(TimeSpan.FromSeconds(10));
                foreach (var document in _documents)
                {
                    while (document.Link is { Inbox.Count: > 0 })
                    {
                        await DeliverToClientAsync(document);
                    }
                }
            }

            foreach (var document in _documents)
            {
                if (await StoredOwnAsync(document) is var own && own != document.Clicks)
                {
                    throw new HistoryException($"The store holds {own} for {document}.");
                }
            }

            // Between tabs on two nodes the last write of a shared member wins, as documented; with one tab its count is exact too.
            if (_documents is [var only] && await StoredAsync(nameof(ModelView.Count)) is var count && (count ?? 0) != only.Clicks)
            {
                throw new HistoryException($"The store holds {count} for {only}.");
            }
        }

        public void Dispose()
        {
            foreach (var node in _nodes)
            {
                node.Sessions.Abandon();
                foreach (var page in node.Mounted)
                {
                    node.Pages.End(page);
                }
            }
        }

        // ---- the document ----

        private void Click(Document document)
        {
            document.Clicks++;
            document.Outbox.Add((document.NextRef++, false));
            Send(document);
        }

        /// <summary>Sends what was not sent on this connection, in order.</summary>
        private void Send(Document document)
        {
            if (document.Link is not { IsReady: true } link)
            {
                return;
            }

            for (var i = 0; i < document.Outbox.Count; i++)
            {
                var (@ref, wasSent) = document.Outbox[i];
                if (@ref >= link.NextToSend)
                {
                    _witness.ResentEvents += wasSent ? 1 : 0;
                    document.ToServer.Enqueue(new EventFrame(@ref, link.Sequence, Address, null));
                    document.Outbox[i] = (@ref, true);
                    link.NextToSend = @ref + 1;
                }
            }
        }

        private async Task DeliverToClientAsync(Document document)
        {
            if (document.Link is not { } link || !link.Inbox.TryDequeue(out var frame))
            {
                return;
            }

            Log.AppendLine(frame);
            using var json = JsonDocument.Parse(frame);
            var root = json.RootElement;
            switch (root[0].GetString())
            {
                case "joined":
                    document.Instance = root[1].GetProperty("instance").GetString();
                    link.Sequence = root[1].GetProperty("seq").GetInt64();
                    link.NextToSend = root[1].GetProperty("next").GetInt64();
                    link.IsReady = true;
                    document.ToServer.Clear();
                    link.Page.ReceiveFields([], link.IsRecovered);
                    Send(document);
                    break;
                case "patch":
                    link.Sequence = root[1].GetInt64();
                    if (root.GetArrayLength() > 4)
                    {
                        await AckAsync(document, root[4].GetInt64());
                    }

                    break;
                case "ack":
                    await AckAsync(document, root[1].GetInt64());
                    break;
                case "wait":
                    link.NextToSend = root[2].GetInt64();
                    document.ToServer.Clear();
                    Send(document);
                    break;
                case var kind:
                    throw new HistoryException($"An unexpected frame: {kind} {root}");
            }
        }

        private async Task AckAsync(Document document, long acked)
        {
            document.Acked = Math.Max(document.Acked, acked);
            document.Outbox.RemoveAll(entry => entry.Ref <= acked);
            if (await StoredOwnAsync(document) < acked)
            {
                throw new HistoryException($"Click {acked} is acked, but the store does not have it.");
            }
        }

        // ---- network and nodes ----

        private static void DeliverToServer(Document document)
        {
            if (document.Link is { } link && document.ToServer.TryDequeue(out var frame) && link.IsReady)
            {
                link.Page.Receive(link, frame);
            }
        }

        private static void Cut(Document document, bool noticed)
        {
            if (document.Link is not { } link)
            {
                return;
            }

            document.Link = null;
            document.ToServer.Clear();
            link.IsCut = true;
            if (noticed)
            {
                link.Page.Detach(link);
            }
            else
            {
                link.Node.HalfOpen.Add(link);
            }
        }

        private async Task JoinAsync(Document document, int at)
        {
            var node = _nodes[at];
            var link = new Link(node, document, Remounted);
            var address = new PageAddress(new RecordClaim("s", RecordOwner.Visitor), typeof(ModelView), "/model", new Dictionary<string, object?>(), "http://h/model", "http://h/", "");
            document.ToServer.Clear();
            if (document.Instance is { } instance && node.Pages.TryTake(instance, address, document.Tab, document.Tab, out var waiting))
            {
                link.Page = waiting;
                link.IsRecovered = true;
                _witness.Recovered++;
            }
            else
            {
                link.Page = await node.MountAsync(address, document.Tab, isRejoin: document.Instance is not null, document.Acked);
                _witness.Restored++;
            }

            document.Link = link;
            await link.Page.ConnectAsync(link, "no digest", 0, link.IsRecovered);
        }

        /// <summary>The server gave the page up (it was fenced off); the model's connection ends with it, and the document joins again.</summary>
        private void Remounted(Link link)
        {
            _witness.Superseded++;
            link.Node.Pages.End(link.Page);
            if (ReferenceEquals(link.Document.Link, link))
            {
                link.Document.Link = null;
                link.Document.ToServer.Clear();
            }
        }

        private async Task TickAsync()
        {
            var node = _nodes[_random.Next(2)];
            if (node.Views.Count == 0)
            {
                return;
            }

            try
            {
                _witness.TimerRuns++;
                await node.Views[_random.Next(node.Views.Count)].TickAsync();
            }
            catch (ObjectDisposedException)
            {
                // The instance has ended; so has its timer.
            }
        }

        private void Crash(int at)
        {
            _witness.Crashes++;
            var node = _nodes[at];
            node.Store.Crash(_random);
            node.Sessions.Abandon();
            foreach (var document in _documents)
            {
                if (document.Link is { } link && ReferenceEquals(link.Node, node))
                {
                    document.Link = null;
                    document.ToServer.Clear();
                }
            }

            _nodes[at] = NewNode();
        }

        private void EndWaiting()
        {
            var node = _nodes[_random.Next(2)];
            foreach (var link in node.HalfOpen)
            {
                link.Page.Detach(link);
            }

            node.HalfOpen.Clear();
            foreach (var page in node.Mounted.Where(page => !page.IsConnected).ToList())
            {
                node.Mounted.Remove(page);
                node.Pages.End(page);
            }
        }

        // ---- the store ----

        private void ReleaseWrite() => _nodes[_random.Next(2)].Store.Release();

        private void FailWrite(bool isApplied)
        {
            if (_nodes[_random.Next(2)].Store.Fail(isApplied) && isApplied)
            {
                _witness.LostResponses++;
            }

            if (_random.Next(2) == 0)
            {
                _time.Advance(TimeSpan.FromSeconds(10));
            }
        }

        private void ReleaseAll()
        {
            foreach (var node in _nodes)
            {
                while (node.Store.Release())
                {
                }
            }
        }

        private async Task<int?> StoredAsync(string member)
        {
            var read = await _stored.ReadAsync("s", 0, CancellationToken.None);
            return read.Session?.Entries.TryGetValue(new EntryKey("/model", EntryKind.Member, member), out var json) == true
                ? JsonSerializer.Deserialize<int>(json)
                : null;
        }

        /// <summary>What the store holds of the document's own counter.</summary>
        private async Task<int> StoredOwnAsync(Document document)
        {
            var read = await _stored.ReadAsync("s", 0, CancellationToken.None);
            return read.Session?.Entries.TryGetValue(new EntryKey("/model", EntryKind.Tab, document.Tab), out var json) == true
                && TabPart.TryDecode(json, out var part) && part.Members.TryGetValue(nameof(ModelView.Mine), out var mine)
                    ? JsonSerializer.Deserialize<int>(mine.Json)
                    : 0;
        }

        private Node NewNode() => new(Provider, new HeldStore(_stored), _time, _isFenced);

        private static ServiceProvider CreateServices()
        {
            var services = new ServiceCollection();
            services.AddLogging();
            services.AddSingleton<IHostEnvironment>(new HostingEnvironment());
            services.AddSingleton<Microsoft.Extensions.Configuration.IConfiguration>(new Microsoft.Extensions.Configuration.ConfigurationBuilder().Build());
            services.AddHoldfast();
            return services.BuildServiceProvider();
        }

        /// <summary>The address of the view's one handler: read off a page, as a browser would.</summary>
        private static string FindAddress()
        {
            var time = new FakeTimeProvider();
            var node = new Node(Provider, new HeldStore(new MemorySessionStore(time)), time, isFenced: true);
            var address = new PageAddress(new RecordClaim("s", RecordOwner.Visitor), typeof(ModelView), "/model", new Dictionary<string, object?>(), "http://h/model", "http://h/", "");
            var link = new Link(node, new Document("x"), _ => { }) { Page = node.MountAsync(address, "x", isRejoin: false, 0).GetAwaiter().GetResult() };
            link.Page.ConnectAsync(link, "no digest", 0, isRecovered: false).GetAwaiter().GetResult();
            var html = JsonDocument.Parse(link.Inbox.Dequeue()).RootElement[1].GetProperty("html").GetString()!;
            var start = html.IndexOf("click:", StringComparison.Ordinal) + 6;
            return html[start..html.IndexOf('"', start)];
        }
    }

    /// <summary>One page in a tab of its own: what the browser knows.</summary>
    private sealed class Document(string tab)
    {
        public string Tab => tab;

        /// <summary>Events on their way to the server.</summary>
        public Queue<EventFrame> ToServer { get; } = new();

        /// <summary>Events that are not acked.</summary>
        public List<(long Ref, bool WasSent)> Outbox { get; } = [];

        public Link? Link { get; set; }

        public string? Instance { get; set; }

        public long NextRef { get; set; } = 1;

        public long Acked { get; set; }

        public int Clicks { get; set; }

        public override string ToString() =>
            $"{tab}: {Clicks} clicks, {Acked} acked, {ToServer.Count} on the way, {(Link is null ? "no link" : $"{Link.Inbox.Count} in")}";
    }

    /// <summary>One run of a server process.</summary>
    private sealed class Node
    {
        private readonly PageMounter _mounter;

        public Node(IServiceProvider services, HeldStore store, TimeProvider time, bool isFenced)
        {
            Store = store;
            var metrics = new PageMetrics(services.GetRequiredService<HoldfastMeter>(), NullLogger<PageMetrics>.Instance);
            var limits = new SessionLimits(TimeSpan.FromDays(1), 1 << 18, 1 << 20) { IsFenced = isFenced };
            Sessions = new SessionRegistry(store, limits, time, new StoreMetrics(services.GetRequiredService<HoldfastMeter>(), NullLogger<StoreMetrics>.Instance));
            Pages = new PageRegistry(time, TimeSpan.FromMinutes(1), 1000, metrics);
            var shared = new PageServices(NullLoggerFactory.Instance, metrics, Pages, StateJson.CreateOptions(), 1 << 16, false, "start");
            _mounter = new PageMounter(services.GetRequiredService<IServiceScopeFactory>(), Sessions, Pages, shared, services.GetRequiredService<PageScopeSetup>());
        }

        public HeldStore Store { get; }

        public SessionRegistry Sessions { get; }

        public PageRegistry Pages { get; }

        public List<MountedPage> Mounted { get; } = [];

        public List<ModelView> Views { get; } = [];

        public List<Link> HalfOpen { get; } = [];

        /// <summary>How long a join has after an answer before it is taken to wait for the next one.</summary>
        private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

        public async Task<MountedPage> MountAsync(PageAddress address, string tab, bool isRejoin, long acked)
        {
            var identity = new PageIdentity(global::Holdfast.Connections.InstanceName.New(), tab, tab);
            var mounting = _mounter.MountAsync(
                address, identity, new ClaimsPrincipal(), new MountTerms(MountReason.Join) { IsFresh = !isRejoin, ExpectsState = isRejoin, Acked = acked }, CancellationToken.None);
            while (!mounting.IsCompleted && Store.Release())
            {
                // The other node has written beside a write of this one: the join waits until that is answered.
                await ((Task)mounting.WaitAsync(Patience)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            var page = await mounting;
            Mounted.Add(page);
            Views.Add(ModelView.LastMounted!);
            return page;
        }
    }

    /// <summary>One connection, as the page sees it.</summary>
    private sealed class Link(Node node, Document document, Action<Link> remounted) : IPageClient
    {
        public Node Node => node;

        public Document Document => document;

        public MountedPage Page { get; set; } = null!;

        public Queue<string> Inbox { get; } = new();

        public bool IsRecovered { get; set; }

        public bool IsReady { get; set; }

        public bool IsCut { get; set; }

        public long NextToSend { get; set; }

        public long Sequence { get; set; }

        public bool IsFull => false;

        public void Send(ServerFrame frame)
        {
            if (!IsCut)
            {
                Inbox.Enqueue(System.Text.Encoding.UTF8.GetString(frame.Memory.Span));
            }

            frame.Return();
        }

        public void SendJoined(ServerFrame frame)
        {
            IsReady = false;
            Send(frame);
        }

        public void Remount(MountedPage page, MountReason reason) => remounted(this);

        public void Ended(MountedPage page)
        {
        }

        public void TakenOver() => IsCut = true;
    }

    /// <summary>A node's way to the store: writes wait until the history lets them through, or fails them.</summary>
    private sealed class HeldStore(MemorySessionStore inner) : ISessionStore
    {
        private readonly Queue<(string Key, SessionWrite Write, TaskCompletionSource<SessionWriteResult> Answer)> _held = new();
        private bool _isDead;

        public ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken) =>
            _isDead ? new ValueTask<SessionReadResult>(new TaskCompletionSource<SessionReadResult>().Task) : inner.ReadAsync(key, knownRevision, cancellationToken);

        public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
        {
            var answer = new TaskCompletionSource<SessionWriteResult>();
            _held.Enqueue((key, write, answer));
            return new ValueTask<SessionWriteResult>(answer.Task);
        }

        public bool Release()
        {
            if (_isDead || !_held.TryDequeue(out var held))
            {
                return false;
            }

            held.Answer.SetResult(inner.WriteAsync(held.Key, held.Write, CancellationToken.None).Result);
            return true;
        }

        public bool Fail(bool isApplied)
        {
            if (_isDead || !_held.TryDequeue(out var held))
            {
                return false;
            }

            if (isApplied)
            {
                _ = inner.WriteAsync(held.Key, held.Write, CancellationToken.None).Result;
            }

            held.Answer.SetException(new IOException("The store failed."));
            return true;
        }

        /// <summary>The process dies: what it had sent may arrive or not, and nobody waits for the answer.</summary>
        public void Crash(Random random)
        {
            _isDead = true;
            foreach (var (key, write, _) in _held)
            {
                if (random.Next(2) == 0)
                {
                    _ = inner.WriteAsync(key, write, CancellationToken.None).Result;
                }
            }
        }

        public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) => inner.DeleteAsync(key, cancellationToken);

        public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

        public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => inner.SweepAsync(cancellationToken);
    }

    private sealed class HostingEnvironment : IHostEnvironment
    {
        public string ApplicationName { get; set; } = "Model";

        public Microsoft.Extensions.FileProviders.IFileProvider ContentRootFileProvider { get; set; } = new Microsoft.Extensions.FileProviders.NullFileProvider();

        public string ContentRootPath { get; set; } = "/";

        public string EnvironmentName { get; set; } = "Production";
    }
}
