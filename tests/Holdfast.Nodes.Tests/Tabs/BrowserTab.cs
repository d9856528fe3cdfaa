using System.Globalization;
using System.Text.Json;
using Holdfast.Nodes.Tests.Farms;
using Holdfast.Nodes.Tests.Histories;

namespace Holdfast.Nodes.Tests.Tabs;

/// <summary>A tab of a real browser: what is in the history was seen in its page and on its sockets. It comes back by itself. Owns the page; for one caller at a time.</summary>
internal sealed class BrowserTab : IJournalTab
{
    private const int EventsBetweenWaits = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly IPage _page;
    private readonly Uri _address;
    private readonly Random _random;
    private readonly Lock _gate = new();
    private readonly HashSet<long> _failed = [];
    private int _document;
    private long _before; // The numbers of the documents before this one; a ref on top of it is the event's number.
    private long _lastRef;
    private long _acked;
    private TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public BrowserTab(string name, Uri address, int seed, IPage page)
    {
        (_address, _page, _random) = (new Uri(address, "journal"), page, new Random(seed));
        History = new TabHistory(name);
        _page.WebSocket += (_, socket) =>
        {
            var document = Volatile.Read(ref _document);
            socket.FrameSent += (_, frame) => Hear(document, frame.Text);
            socket.FrameReceived += (_, frame) => Hear(document, frame.Text);
        };
    }

    public TabHistory History { get; }

    /// <summary>How often it joined.</summary>
    public int Joins { get; private set; }

    public Task OpenAsync() => LoadAsync(() => _page.GotoAsync(_address.ToString()));

    public async Task UseAsync(Traffic traffic)
    {
        while (await traffic.TakeAsync())
        {
            await AppendAsync();
            if (_lastRef - Volatile.Read(ref _acked) >= EventsBetweenWaits || _random.Next(10) == 0)
            {
                await SettleAsync();
            }

            if (_random.Next(40) == 0)
            {
                await SettleAsync();
                await LoadAsync(() => _page.ReloadAsync());
            }
        }

        await SettleAsync();
    }

    public async Task ReadStoredAsync()
    {
        await LoadAsync(() => _page.ReloadAsync());
        History.Stored(await ReadAsync());
    }

    public async ValueTask DisposeAsync() => await _page.CloseAsync();

    private async Task AppendAsync()
    {
        var number = _before + ++_lastRef;
        History.Sent(number);
        await _page.EvaluateAsync(
            "number => document.querySelector('#append-own').dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, detail: number }))", number);
    }

    /// <summary>Waits until the last event is acked, and tells the page now and then that the network is back, so that it does not wait for its back-off.</summary>
    private async Task SettleAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            Task heard;
            lock (_gate)
            {
                if (_acked >= _lastRef)
                {
                    return;
                }

                heard = _heard.Task;
            }

            patience.IsCancellationRequested.ShouldBeFalse($"{_acked} of {_lastRef} events were acked in {Patience.TotalSeconds} s\n{History}");
            if (await Task.WhenAny(heard, Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System)) != heard)
            {
                await _page.EvaluateAsync("() => { window.dispatchEvent(new Event('online')); }");
            }
        }
    }

    private async Task LoadAsync(Func<Task> load)
    {
        lock (_gate)
        {
            _document++; // Frames of the old document's sockets are not heard any more.
            (_before, _lastRef, _acked) = (_before + _lastRef, 0, 0);
            _failed.Clear();
        }

        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await load();
                await Assertions.Expect(_page.Locator("html")).ToHaveAttributeAsync("data-holdfast", "live", new() { Timeout = (float)Patience.TotalMilliseconds });
                break;
            }
            catch (PlaywrightException) when (!patience.IsCancellationRequested)
            {
                // The node died while it answered.
            }
        }

        History.Loaded();
        History.Joined(await ReadAsync());
    }

    private async Task<List<long>> ReadAsync() =>
        [.. (await _page.TextContentAsync("#own"))!.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => long.Parse(number, CultureInfo.InvariantCulture))];

    /// <summary>Takes what a frame says of acks and failures over into the history. An event that is sent without an address is one that the page has given up.</summary>
    private void Hear(int document, string? text)
    {
        if (text is not { Length: > 0 })
        {
            return;
        }

        using var json = JsonDocument.Parse(text);
        var frame = json.RootElement;
        lock (_gate)
        {
            if (document != _document)
            {
                return;
            }

            switch (frame[0].GetString())
            {
                case "joined":
                    Joins++;
                    break;
                case "event" when frame[3].GetString() is "":
                    _failed.Add(frame[1].GetInt64());
                    break;
                case "error" when frame[2].GetInt64() > 0:
                    _failed.Add(frame[2].GetInt64());
                    break;
                case "ack":
                    Ack(frame[1].GetInt64());
                    break;
                case "patch" when frame.GetArrayLength() > 4:
                    Ack(frame[4].GetInt64());
                    break;
            }
        }
    }

    private void Ack(long eventRef)
    {
        while (_acked < eventRef)
        {
            _acked++;
            if (_failed.Contains(_acked))
            {
                History.Failed(_before + _acked);
            }
            else
            {
                History.Acked(_before + _acked);
            }
        }

        var heard = _heard;
        _heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        heard.TrySetResult();
    }
}
