using System.Buffers.Text;
using System.Diagnostics;
using System.Text;

namespace Holdfast.Benchmarks.Load;

/// <summary>Clicks on one page, in a closed loop: the next click goes out when the patch of the last one is here.</summary>
internal abstract class LoadConnection : IDisposable
{
    private readonly List<double> _latencies = [];

    protected FrameSocket Socket { get; } = new();

    public long Clicks { get; private set; }

    /// <summary>How many of the clicks are acked: durable.</summary>
    public long Acked { get; protected set; }

    public long BytesUp => Socket.BytesUp;

    public long BytesDown => Socket.BytesDown;

    /// <summary>Clicks until it is told to stop; only what ends while <see cref="LoadPhase.IsMeasuring"/> is kept.</summary>
    public async Task ClickAsync(LoadPhase phase)
    {
        while (!phase.IsOver)
        {
            var started = Stopwatch.GetTimestamp();
            await ClickOnceAsync();
            Clicks++;
            if (phase.IsMeasuring)
            {
                _latencies.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
            }
        }
    }

    /// <summary>Hands over the latencies so far, in microseconds.</summary>
    public void TakeLatencies(List<double> into)
    {
        into.AddRange(_latencies);
        _latencies.Clear();
    }

    /// <summary>Clicks once, and waits for its answer.</summary>
    public abstract Task ClickOnceAsync();

    /// <summary>Says that the document goes away for good.</summary>
    public virtual Task LeaveAsync() => Task.CompletedTask;

    public void Dispose() => Socket.Dispose();
}

/// <summary>What the connections of a run are to do now.</summary>
internal sealed class LoadPhase
{
    public volatile bool IsMeasuring;
    public volatile bool IsOver;
}

/// <summary>Clicks on the bare echo.</summary>
internal sealed class EchoConnection : LoadConnection
{
    private static readonly byte[] Click = Encoding.UTF8.GetBytes("""["event",12345,12345,"AbCdEf"]""");

    public static async Task<LoadConnection> OpenAsync(int port)
    {
        var connection = new EchoConnection();
        await connection.Socket.ConnectAsync(port, "/echo", cookie: null);
        return connection;
    }

    public override async Task ClickOnceAsync()
    {
        await Socket.SendAsync(Click);
        await Socket.ReceiveAsync();
    }
}

/// <summary>One document: joins as the script does after the page's HTML, and clicks its buttons one after another.</summary>
internal sealed class PageConnection : LoadConnection
{
    /// <summary>As docs/protocol.md says for the script.</summary>
    private const int MostUnacked = 100;

    private readonly byte[] _event = new byte[128];
    private readonly LoadPage _page;
    private long _ref;
    private long _sequence;
    private long _handled;
    private int _next;

    private PageConnection(LoadPage page, int first) => (_page, _next) = (page, first);

    /// <summary>Whether the join brought the page's HTML, so that the digest did not fit.</summary>
    public bool GotHtml { get; private set; }

    public static async Task<PageConnection> OpenAsync(int port, HttpClient http, LoadPage page, int number)
    {
        var connection = new PageConnection(page, number % page.Addresses.Length);
        var (cookie, ticket) = await page.VisitAsync(http);
        await connection.Socket.ConnectAsync(port, "/_holdfast", cookie);
        await connection.JoinAsync(ticket, number);
        return connection;
    }

    public override async Task ClickOnceAsync()
    {
        await Socket.SendAsync(_event.AsMemory(0, WriteEvent()));
        while (_handled < _ref || _ref - Acked >= MostUnacked)
        {
            Take((await Socket.ReceiveAsync()).Span);
        }
    }

    public override async Task LeaveAsync() => await Socket.SendAsync("""["leave"]"""u8.ToArray());

    private async Task JoinAsync(string ticket, int number)
    {
        await Socket.SendAsync(Encoding.UTF8.GetBytes(
            $$"""["join",{"v":1,"ticket":"{{ticket}}","tab":"tab{{number}}","doc":"doc{{number}}","nav":"navigate","next":1,"seq":0,"digest":"{{_page.Digest}}"}]"""));
        var joined = Encoding.UTF8.GetString((await Socket.ReceiveAsync()).Span);
        if (!joined.StartsWith("""["joined",""", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The join was answered by '{joined}'. The client must be kept in step with docs/protocol.md.");
        }

        GotHtml = joined.Contains("\"html\"", StringComparison.Ordinal);
        _sequence = GotHtml ? 1 : 0;
        await Socket.SendAsync("""["fields",[]]"""u8.ToArray());
    }

    /// <summary>What the script sends for a click whose handler reads nothing.</summary>
    private int WriteEvent()
    {
        var address = _page.Addresses[_next];
        _next = (_next + 1) % _page.Addresses.Length;
        "[\"event\","u8.CopyTo(_event);
        var length = 9;
        Utf8Formatter.TryFormat(++_ref, _event.AsSpan(length), out var written);
        length += written;
        _event[length++] = (byte)',';
        Utf8Formatter.TryFormat(_sequence, _event.AsSpan(length), out written);
        length += written;
        _event[length++] = (byte)',';
        _event[length++] = (byte)'"';
        length += Encoding.UTF8.GetBytes(address, _event.AsSpan(length));
        _event[length++] = (byte)'"';
        _event[length++] = (byte)']';
        return length;
    }

    /// <summary>Takes a frame's numbers: a patch ends with its ref and its ack, if it has them.</summary>
    private void Take(ReadOnlySpan<byte> frame)
    {
        if (frame.StartsWith("[\"patch\","u8))
        {
            Utf8Parser.TryParse(frame[9..], out long sequence, out _);
            _sequence = sequence == _sequence + 1 ? sequence : throw Unexpected(frame);
            var rest = frame[(frame.LastIndexOf((byte)']') is var end ? frame[..end].LastIndexOf((byte)']') + 1 : 0)..];
            if (rest[0] == ',' && Utf8Parser.TryParse(rest[1..], out long handled, out var digits))
            {
                _handled = handled > 0 ? handled : _handled;
                Acked = Utf8Parser.TryParse(rest[(digits + 2)..], out long acked, out _) && acked > 0 ? acked : Acked;
            }
        }
        else if (frame.StartsWith("[\"ack\","u8) && Utf8Parser.TryParse(frame[7..], out long acked, out _))
        {
            Acked = acked;
        }
        else
        {
            throw Unexpected(frame);
        }
    }

    private static InvalidOperationException Unexpected(ReadOnlySpan<byte> frame) =>
        new($"The server sent '{Encoding.UTF8.GetString(frame)}'. A click is answered by the next patch. The figures would mean nothing.");
}
