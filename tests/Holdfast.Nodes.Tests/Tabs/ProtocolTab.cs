using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Holdfast.Nodes.Tests.Farms;
using Holdfast.Nodes.Tests.Histories;

namespace Holdfast.Nodes.Tests.Tabs;

/// <summary>A tab without a browser, which sends events in bursts, waits for acks at times and at others does not, drops its socket and reloads. Owns its client. For one caller at a time.</summary>
internal sealed class ProtocolTab : IJournalTab
{
    private const int MostUnacked = 60;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SocketsHttpHandler _handler = new()
    {
        UseCookies = false, AllowAutoRedirect = false, UseProxy = false,
        PooledConnectionLifetime = TimeSpan.Zero, // Each request is a connection, and so goes to the next node.
    };

    private readonly ProtocolClient _client;
    private readonly Random _random;
    private readonly string _journal;
    private long _before; // The numbers of the documents before this one; a ref on top of it is the event's number.
    private long _noted; // Up to which ref the history has the acks.

    /// <param name="name">Names the tab in its history.</param>
    /// <param name="address">The site's.</param>
    /// <param name="seed">What it does at random.</param>
    /// <param name="cookies">The browser's.</param>
    /// <param name="journal">The member that it writes: <c>own</c>, the tab's, or <c>left</c> or <c>right</c>, which all tabs of the browser have in common.</param>
    public ProtocolTab(string name, Uri address, int seed, CookieContainer cookies, string journal = "own")
    {
        _journal = journal;
        History = new TabHistory(name);
        _random = new Random(seed);
        _client = new ProtocolClient(new ProtocolClientOptions { BaseAddress = address, Cookies = cookies, Handler = _handler, Deadline = Patience });
    }

    public TabHistory History { get; }

    /// <summary>How often it dropped its socket, or found it lost.</summary>
    public int Hops { get; private set; }

    /// <summary>Events whose ack a hop or a death ate: they were stored, and not sent again.</summary>
    public long EatenAcks { get; private set; }

    /// <summary>Events that were sent again.</summary>
    public long Resent { get; private set; }

    /// <summary>Codes of events that the server refused.</summary>
    public List<string> Refusals { get; } = [];

    public async Task OpenAsync()
    {
        await LoadAsync(() => _client.GetPageAsync("/journal"));
        await JoinAsync();
    }

    public async Task UseAsync(Traffic traffic)
    {
        while (await TryBurstAsync(traffic))
        {
            switch (_random.Next(20))
            {
                case < 2:
                    await HopAsync(); // With events under way.
                    break;
                case 2:
                    await ReloadAsync(); // Gives up what is unacked.
                    break;
                case 3:
                    await SettleAsync();
                    await ReloadAsync();
                    break;
                case < 10 when _client.Unacked.Count < MostUnacked:
                    break;
                case < 13:
                    await FirstAckedAsync();
                    break;
                default:
                    await SettleAsync();
                    break;
            }
        }

        await SettleAsync();
    }

    /// <summary>Makes one event.</summary>
    public async Task AppendAsync()
    {
        var number = _before + _client.LastRef + 1;
        History.Sent(number);
        try
        {
            await _client.FireAsync($"#append-{_journal}", "click", new JsonObject { ["detail"] = number });
        }
        catch (Exception exception) when (IsLostConnection(exception))
        {
            // The socket ended just then. The event has its ref, and waits for the next one.
        }
    }

    /// <summary>Makes many events, each at once as long as not too many are unacked.</summary>
    public async Task AppendAsync(int events)
    {
        for (var i = 0; i < events; i++)
        {
            await AppendAsync();
            while (_client.Unacked.Count >= MostUnacked)
            {
                await FirstAckedAsync();
            }
        }

        await SettleAsync();
    }

    /// <summary>Waits until all events are acked, on whichever node that is.</summary>
    public async Task SettleAsync()
    {
        while (true)
        {
            await _client.UntilAsync(it => it.Unacked.Count == 0 || !it.Connection.IsOpen);
            Note();
            if (_client.Unacked.Count == 0)
            {
                return;
            }

            await HopAsync();
        }
    }

    /// <summary>Waits until the page shows so many numbers, durable or not.</summary>
    public Task ShowsAsync(int count) => _client.UntilAsync(it => Read(it.Text($"#{_journal}")).Count == count);

    /// <summary>Drops the socket if there is one, and joins again.</summary>
    public async Task HopAsync()
    {
        Hops++;
        var (acked, last) = (_client.Acked, _client.LastRef);
        await _client.DropAsync();
        await JoinAsync();
        EatenAcks += Math.Max(0, _client.Joined!.Next - 1 - Math.Max(acked, _client.Acked));
        Resent += Math.Max(0, last + 1 - _client.Joined.Next);

        // The event that is sent again first has its ack before the next hop: at two changes of the process in a row it would be poison, and dropped.
        await _client.UntilAsync(it => it.Unacked.Count == 0 || it.Acked >= it.Joined!.Next || !it.Connection.IsOpen);
        Note();
    }

    public async Task ReadStoredAsync()
    {
        await ReloadAsync();
        History.Stored(Read(_client.Text($"#{_journal}")));
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        _handler.Dispose();
    }

    private async Task<bool> TryBurstAsync(Traffic traffic)
    {
        for (var i = _random.Next(1, 9); i > 0; i--)
        {
            if (!await traffic.TakeAsync())
            {
                return false;
            }

            await AppendAsync();
            Note();
        }

        return true;
    }

    private async Task FirstAckedAsync()
    {
        var next = _client.Acked + 1;
        await _client.UntilAsync(it => it.Acked >= next || it.Unacked.Count == 0 || !it.Connection.IsOpen);
        Note();
        if (!_client.Connection.IsOpen)
        {
            await HopAsync();
        }
    }

    private async Task ReloadAsync()
    {
        await _client.DropAsync();
        Note();
        var last = _before + _client.LastRef;
        await LoadAsync(() => _client.ReloadAsync());
        (_before, _noted) = (last, 0);
        await JoinAsync();
    }

    private async Task LoadAsync(Func<Task<HttpResponseMessage>> load)
    {
        await TryAgainAsync(async _ =>
        {
            var response = await load();
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            response.Dispose();
        });
        History.Loaded();
    }

    private async Task JoinAsync()
    {
        Note();
        await TryAgainAsync(async cancellationToken =>
        {
            var joined = await _client.RejoinAsync(cancellationToken);
            joined.Found.ShouldNotBe("error");
        });
        History.Joined(Read(_client.Text($"#{_journal}")));
    }

    /// <summary>Until it succeeds, with back-off as the script has it, but for its longer waits.</summary>
    private async Task TryAgainAsync(Func<CancellationToken, Task> attempt)
    {
        using var patience = new CancellationTokenSource(Patience);
        for (var wait = 1; ; wait = Math.Min(2 * wait, 100))
        {
            try
            {
                await attempt(patience.Token);
                return;
            }
            catch (Exception exception) when (IsLostConnection(exception) && !patience.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(1, wait + 1)), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    /// <summary>Takes what was acked and what failed over into the history.</summary>
    private void Note()
    {
        var acked = _client.Acked;
        if (acked == _noted)
        {
            return;
        }

        var failed = _client.Failed;
        while (_noted < acked)
        {
            _noted++;
            if (failed.Contains(_noted))
            {
                History.Failed(_before + _noted);
                Refusals.AddRange(_client.Errors.Where(error => error.Ref == _noted).Select(error => $"{_before + _noted}: {error.Code}"));
            }
            else
            {
                History.Acked(_before + _noted);
            }
        }
    }

    private static List<long> Read(string journal) =>
        [.. journal.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => long.Parse(number, CultureInfo.InvariantCulture))];

    private static bool IsLostConnection(Exception exception) =>
        exception is WebSocketException or HttpRequestException or IOException or ObjectDisposedException or SocketRefusedException or InvalidOperationException;
}
