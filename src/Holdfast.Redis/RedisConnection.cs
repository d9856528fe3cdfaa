using System.Net;
using System.Runtime.CompilerServices;
using StackExchange.Redis;

namespace Holdfast.Redis;

/// <summary>
/// All that this package uses of StackExchange.Redis: one connection of the client's kind (which pipelines what many callers send), made when it
/// is first needed. Its failures come out as <see cref="RedisFailure"/>.
/// </summary>
/// <remarks>
/// <para>Owns the client. Any thread may call any member.</para>
/// <para>A connection that is lost the client makes again by itself, within about a second. One that gives no answer (a black hole) it does not
/// notice; so a call that timed out drops the whole client, and the next call makes another. A server that has become a replica is left in the
/// same way: the name may lead to another one now.</para>
/// <para>With 2.x or later, order of a channel's messages needs its <c>ChannelMessageQueue</c> in <see cref="ListenAsync"/>; 1.2.6 keeps it by itself.</para>
/// </remarks>
internal sealed class RedisConnection : IAsyncDisposable
{
    /// <summary>How long a call that finds no connection waits for it. Chosen: the client looks once a second for one that was lost.</summary>
    private static readonly TimeSpan s_reconnectWait = TimeSpan.FromSeconds(1.5);

    /// <summary>How often a listener, which asks the server nothing by itself, looks whether what is published still arrives. Chosen.</summary>
    private static readonly TimeSpan s_probeInterval = TimeSpan.FromSeconds(15);

    /// <summary>The first byte of a message that is a notice; the rest is the notice.</summary>
    private const byte Notice = 0;

    /// <summary>The first byte of a message by which a listener looks whether it is heard; the rest is its id.</summary>
    private const byte Probe = 1;

    private readonly ConfigurationOptions _settings;
    private readonly Lock _gate = new();
    private Task<Link>? _link;
    private bool _disposed;

    public RedisConnection(RedisStoreOptions options)
    {
        CommandTimeout = options.CommandTimeout;
        _settings = ConfigurationOptions.Parse(options.ConnectionString);
        _settings.AbortOnConnectFail = true;
        _settings.ConnectRetry = 1;
        _settings.ConnectTimeout = (int)options.ConnectTimeout.TotalMilliseconds;
        _settings.SyncTimeout = (int)options.CommandTimeout.TotalMilliseconds;
        _settings.ReconnectRetryPolicy = new LinearRetry(500);
        _settings.ClientName ??= "Holdfast";
        // CONFIG GET counts as an administrator's command.
        _settings.AllowAdmin = true;
        // Where the server does not tell its version: so old a one still knows SCAN and UNLINK.
        _settings.DefaultVersion = new Version(4, 0);
        Server = string.Join(", ", _settings.EndPoints.Select(Name));
    }

    /// <summary>Hosts and ports, for messages.</summary>
    public string Server { get; }

    /// <summary>How long one answer may take.</summary>
    public TimeSpan CommandTimeout { get; }

    /// <summary>Whether the client takes this connection string.</summary>
    public static bool IsConnectionString(string? text)
    {
        try
        {
            return !string.IsNullOrWhiteSpace(text) && ConfigurationOptions.Parse(text).EndPoints.Count > 0;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException)
        {
            // Its words may be part of the password.
            return false;
        }
    }

    /// <summary>Connects, unless there is a connection.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken) => await LinkAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Runs a script, by its hash; a server that has not seen it (or was restarted since) gets the text.</summary>
    /// <param name="script">The script; it returns an array.</param>
    /// <param name="key">Its only key.</param>
    /// <param name="arguments">Left unchanged until the call has ended.</param>
    /// <param name="cancellationToken">Ends the wait, not the script.</param>
    public async Task<byte[]?[]> EvaluateAsync(RedisScript script, string key, byte[][] arguments, CancellationToken cancellationToken)
    {
        RedisKey[] keys = [key];
        var values = Array.ConvertAll(arguments, static argument => (RedisValue)argument);
        RedisResult result;
        try
        {
            result = await CallAsync(
                (script, keys, values),
                static (link, call) => link.Database.ScriptEvaluateAsync(call.script.Hash, call.keys, call.values, CommandFlags.DemandMaster),
                cancellationToken).ConfigureAwait(false);
        }
        catch (RedisFailure failure) when (failure.Code == "NOSCRIPT")
        {
            object[] whole = [script.Text, 1, keys[0], .. values];
            result = await CallAsync(
                whole, static (link, call) => link.Database.ExecuteAsync("EVAL", call, CommandFlags.DemandMaster), cancellationToken).ConfigureAwait(false);
        }

        return (byte[]?[])result!;
    }

    /// <summary>Sets a key that is not there, and returns what is there then.</summary>
    public async Task<byte[]?> GetOrSetAsync(string key, byte[] value, CancellationToken cancellationToken)
    {
        await CallAsync((key, value), static (link, call) => link.Database.StringSetAsync(call.key, call.value, when: When.NotExists), cancellationToken)
            .ConfigureAwait(false);
        return await CallAsync(key, static (link, key) => link.Database.StringGetAsync(key, CommandFlags.DemandMaster), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>One field of each hash; null where there is none, or no hash.</summary>
    public async Task<IReadOnlyList<byte[]?>> GetFieldsAsync(IReadOnlyList<string> keys, string field, CancellationToken cancellationToken)
    {
        var values = new byte[]?[keys.Count];
        await Task.WhenAll(keys.Select(async (key, i) =>
        {
            try
            {
                values[i] = await CallAsync(
                    (key, field), static (link, call) => link.Database.HashGetAsync(call.key, call.field, CommandFlags.DemandMaster), cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (RedisFailure failure) when (failure.Code == "WRONGTYPE")
            {
                // Somebody else's.
            }
        })).ConfigureAwait(false);
        return values;
    }

    /// <summary>All values of a list.</summary>
    public async Task<IReadOnlyList<string>> GetListAsync(string key, CancellationToken cancellationToken)
    {
        var values = await CallAsync(key, static (link, key) => link.Database.ListRangeAsync(key, flags: CommandFlags.DemandMaster), cancellationToken)
            .ConfigureAwait(false);
        return Array.ConvertAll(values, static value => (string)value!);
    }

    /// <summary>Adds a value to the end of a list.</summary>
    public Task AppendAsync(string key, string value, CancellationToken cancellationToken) =>
        CallAsync((key, value), static (link, call) => link.Database.ListRightPushAsync(call.key, call.value), cancellationToken);

    /// <summary>The keys that begin with a prefix, page by page, by SCAN on every server: some may come twice.</summary>
    public async IAsyncEnumerable<IReadOnlyList<string>> ScanAsync(string prefix, int pageSize, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var link = await LinkAsync(cancellationToken).ConfigureAwait(false);
        foreach (var server in Servers(link))
        {
            if (!server.IsConnected)
            {
                throw new RedisFailure(RedisFailureKind.Connection, $"{Name(server.EndPoint)} is not connected, and has keys too", null);
            }

            using var keys = server.Keys(_settings.DefaultDatabase ?? 0, Escape(prefix) + "*", pageSize).GetEnumerator();
            while (true)
            {
                // The client waits for each page on the thread that asks for it.
                var page = await CallAsync((keys, pageSize), static (_, call) => Task.Run(() => Take(call.keys, call.pageSize)), cancellationToken)
                    .ConfigureAwait(false);
                yield return page;
                if (page.Count < pageSize)
                {
                    break;
                }
            }
        }
    }

    /// <summary>What every server says of some settings; the value is null where it does not tell.</summary>
    public async Task<IReadOnlyList<(string Server, string Setting, string? Value)>> GetSettingsAsync(
        IReadOnlyList<string> settings, CancellationToken cancellationToken)
    {
        var found = new List<(string, string, string?)>();
        var link = await LinkAsync(cancellationToken).ConfigureAwait(false);
        foreach (var server in Servers(link))
        {
            foreach (var setting in settings)
            {
                string? value = null;
                try
                {
                    var pairs = await CallAsync((server, setting), static (_, call) => call.server.ConfigGetAsync(call.setting), cancellationToken)
                        .ConfigureAwait(false);
                    value = pairs.FirstOrDefault(pair => pair.Key == setting).Value;
                }
                catch (RedisFailure failure) when (failure.Kind != RedisFailureKind.TimedOut)
                {
                    // Hosted servers often forbid CONFIG; a server of several may be away.
                }

                found.Add((Name(server.EndPoint), setting, value));
            }
        }

        return found;
    }

    /// <summary>Sends a notice to a channel. Those that are begun one after another while there is a connection arrive so.</summary>
    public Task PublishAsync(string channel, ReadOnlySpan<byte> notice, CancellationToken cancellationToken) =>
        PublishAsync(channel, (byte[])[Notice, .. notice], cancellationToken);

    /// <summary>Hands over the notices of a channel, in order and one at a time, until the connection is lost; then drops it.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="onListening">Called when every notice from now on will come.</param>
    /// <param name="onNotice">Gets a notice; returns quickly, and does not throw.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RedisFailure">The channel could not be subscribed to, or the connection was lost.</exception>
    public async Task ListenAsync(string channel, Action onListening, Action<ReadOnlyMemory<byte>> onNotice, CancellationToken cancellationToken)
    {
        var link = await LinkAsync(cancellationToken).ConfigureAwait(false);
        var probes = new Probes();
        void OnFailed(object? sender, ConnectionFailedEventArgs failed)
        {
            if (failed.ConnectionType == ConnectionType.Subscription)
            {
                Drop(link);
            }
        }

        void OnMessage(RedisChannel from, RedisValue value)
        {
            var message = (byte[]?)value;
            if (message is [Notice, ..] && !link.Dropped.IsCompleted)
            {
                onNotice(message.AsMemory(1));
            }
            else if (message is [Probe, .. var id])
            {
                probes.Arrived(id);
            }
        }

        link.Multiplexer.ConnectionFailed += OnFailed;
        try
        {
            await SubscribeAsync(link, channel, OnMessage, probes, cancellationToken).ConfigureAwait(false);
            onListening();
            while (true)
            {
                await link.Dropped.WaitAsync(s_probeInterval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
                if (link.Dropped.IsCompleted || !await TryProbeAsync(channel, probes, CommandTimeout, cancellationToken).ConfigureAwait(false))
                {
                    throw new RedisFailure(RedisFailureKind.Connection, "The subscription was lost", null);
                }
            }
        }
        finally
        {
            link.Multiplexer.ConnectionFailed -= OnFailed;
            Drop(link);
        }
    }

    /// <summary>Subscribes until a probe comes back: soon after it has connected, the client may take a subscription and not send it.</summary>
    private async Task SubscribeAsync(
        Link link, string channel, Action<RedisChannel, RedisValue> onMessage, Probes probes, CancellationToken cancellationToken)
    {
        var (begun, patience) = (TimeProvider.System.GetTimestamp(), TimeSpan.FromMilliseconds(100));
        while (true)
        {
            await CallAsync(link, (channel, onMessage), static (link, call) => Done(link.Subscriber.SubscribeAsync(call.channel, call.onMessage)), cancellationToken)
                .ConfigureAwait(false);
            if (await TryProbeAsync(channel, probes, patience, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(begun) > CommandTimeout)
            {
                throw new RedisFailure(RedisFailureKind.TimedOut, $"it did not send what was published within {CommandTimeout.TotalSeconds:0.###} s", null);
            }

            patience *= 2;
            await CallAsync(link, channel, static (link, channel) => Done(link.Subscriber.UnsubscribeAsync(channel)), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends a message through the channel to this very listener. False when it did not arrive in time.</summary>
    private async Task<bool> TryProbeAsync(string channel, Probes probes, TimeSpan patience, CancellationToken cancellationToken)
    {
        var arrived = probes.Expect();
        await PublishAsync(channel, (byte[])[Probe, .. probes.Id], cancellationToken).ConfigureAwait(false);
        await arrived.WaitAsync(patience, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return arrived.IsCompleted;
    }

    private Task PublishAsync(string channel, byte[] message, CancellationToken cancellationToken) =>
        CallAsync((channel, message), static (link, call) => link.Subscriber.PublishAsync(call.channel, call.message), cancellationToken);

    private static async Task<bool> Done(Task task)
    {
        await task.ConfigureAwait(false);
        return true;
    }

    /// <summary>Waits a moment until the server answers again; returns also when it does not.</summary>
    public async Task WaitForConnectionAsync(CancellationToken cancellationToken)
    {
        if (_link is { IsCompletedSuccessfully: true, Result: var link })
        {
            await link.WaitUntilUsableAsync(s_reconnectWait).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (link.IsUseless)
            {
                Drop(link);
            }
        }
    }

    /// <summary>Closes the connection; later calls fail.</summary>
    public async ValueTask DisposeAsync()
    {
        Task<Link>? link;
        lock (_gate)
        {
            _disposed = true;
            (link, _link) = (_link, null);
        }

        if (link is not null)
        {
            await ((Task)link).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (link.IsCompletedSuccessfully)
            {
                await link.Result.CloseAsync().ConfigureAwait(false);
            }
        }
    }

    private ValueTask<Link> LinkAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var link = _link;
        if (link is not { IsCompletedSuccessfully: true })
        {
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, typeof(RedisSessionStore));
                link = _link is null or { IsFaulted: true } ? _link = Task.Run(ConnectAsync, CancellationToken.None) : _link;
            }
        }

        return link.IsCompletedSuccessfully ? new ValueTask<Link>(link.Result) : new ValueTask<Link>(link.WaitAsync(cancellationToken));
    }

    private async Task<Link> ConnectAsync()
    {
        var connecting = ConnectionMultiplexer.ConnectAsync(_settings.Clone());
        try
        {
            // The client has its own time-out for sockets; not for all that it asks a server after that.
            return new Link(await connecting.WaitAsync(TimeSpan.FromMilliseconds(_settings.ConnectTimeout) + s_reconnectWait).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is not RedisFailure)
        {
            _ = connecting.ContinueWith(
                static late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw Explain(exception) ?? exception;
        }
    }

    private async Task<TResult> CallAsync<TState, TResult>(TState state, Func<Link, TState, Task<TResult>> call, CancellationToken cancellationToken) =>
        await CallAsync(await LinkAsync(cancellationToken).ConfigureAwait(false), state, call, cancellationToken).ConfigureAwait(false);

    private async Task<TResult> CallAsync<TState, TResult>(
        Link link, TState state, Func<Link, TState, Task<TResult>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call(link, state).WaitAsync(CommandTimeout, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception) when (Explain(exception) is { } failure)
        {
            if (failure.Kind == RedisFailureKind.TimedOut || failure.Code == "READONLY")
            {
                Drop(link);
            }

            throw failure;
        }
    }

    /// <summary>Leaves a client that is of no more use; the next call makes another.</summary>
    private void Drop(Link link)
    {
        lock (_gate)
        {
            if (_link is { IsCompletedSuccessfully: true } current && current.Result == link)
            {
                _link = null;
            }
        }

        link.Drop();
    }

    private RedisFailure? Explain(Exception exception) => exception switch
    {
        RedisServerException => new RedisFailure(RedisFailureKind.Refused, exception.Message, exception),
        RedisConnectionException { InnerException: RedisServerException inner } => new RedisFailure(RedisFailureKind.Refused, inner.Message, exception),
        RedisConnectionException when IsAuthentication(exception.Message) =>
            new RedisFailure(RedisFailureKind.Refused, "NOAUTH The server wants a password, and has got none or a wrong one", exception),
        TimeoutException => new RedisFailure(RedisFailureKind.TimedOut, $"it did not answer within {CommandTimeout.TotalSeconds:0.###} s", exception),
        // The client's words go on with its counters.
        RedisException or ObjectDisposedException or OperationCanceledException =>
            new RedisFailure(RedisFailureKind.Connection, exception.Message.Split(';', '\n')[0], exception),
        _ => null,
    };

    /// <summary>The words of 1.x and those of later versions.</summary>
    private static bool IsAuthentication(string message) =>
        message.Contains("AuthenticationFailure", StringComparison.Ordinal) || message.Contains("authentication failure", StringComparison.Ordinal);

    private static List<IServer> Servers(Link link) =>
        [.. link.Multiplexer.GetEndPoints().Select(endPoint => link.Multiplexer.GetServer(endPoint))];

    private static List<string> Take(IEnumerator<RedisKey> keys, int count)
    {
        var page = new List<string>(count);
        while (page.Count < count && keys.MoveNext())
        {
            page.Add((string)keys.Current!);
        }

        return page;
    }

    private static string Escape(string text) => string.Concat(text.Select(c => c is '*' or '?' or '[' or ']' or '\\' ? $"\\{c}" : $"{c}"));

    private string Name(EndPoint endPoint) => endPoint switch
    {
        DnsEndPoint dns => $"{dns.Host}:{Port(dns.Port)}",
        IPEndPoint ip => $"{new IPEndPoint(ip.Address, Port(ip.Port))}",
        _ => $"{endPoint}",
    };

    /// <summary>The port that the client takes where none is named.</summary>
    private int Port(int port) => port != 0 ? port : _settings.Ssl ? 6380 : 6379;

    /// <summary>The messages that a listener sends to itself. Any thread may call any member.</summary>
    private sealed class Probes
    {
        private volatile TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Tells this listener's from those of others on the channel.</summary>
        public byte[] Id { get; } = Guid.NewGuid().ToByteArray();

        public Task Expect() => (_arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        public void Arrived(ReadOnlySpan<byte> id)
        {
            if (id.SequenceEqual(Id))
            {
                _arrived.TrySetResult();
            }
        }
    }

    /// <summary>Owns one client. Any thread may call any member.</summary>
    private sealed class Link(ConnectionMultiplexer multiplexer)
    {
        /// <summary>Chosen: short beside the second that the client takes to look for a lost connection.</summary>
        private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(50);

        private readonly Lock _gate = new();
        private readonly TaskCompletionSource _dropped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Task _waiting = Task.CompletedTask;

        public ConnectionMultiplexer Multiplexer => multiplexer;

        public IDatabase Database { get; } = multiplexer.GetDatabase();

        public ISubscriber Subscriber { get; } = multiplexer.GetSubscriber();

        /// <summary>Completes when nobody uses it any more.</summary>
        public Task Dropped => _dropped.Task;

        /// <summary>Whether it waited in vain for its only server: its name may lead to another one now.</summary>
        public bool IsUseless { get; private set; }

        /// <summary>Waits until a primary answers, and has the client look again which one that is. Callers at the same time share one wait.</summary>
        public Task WaitUntilUsableAsync(TimeSpan patience)
        {
            lock (_gate)
            {
                return _waiting = _waiting.IsCompleted ? Task.Run(() => PollAsync(patience)) : _waiting;
            }
        }

        public void Drop()
        {
            if (_dropped.TrySetResult())
            {
                // It waits for its threads; whoever drops it does not.
                _ = Task.Run(multiplexer.Dispose);
            }
        }

        /// <summary>Lets what is under way end, within the client's time-out.</summary>
        public async Task CloseAsync()
        {
            await Task.Run(() => multiplexer.CloseAsync()).WaitAsync(TimeSpan.FromMilliseconds(multiplexer.TimeoutMilliseconds))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Drop();
        }

        private async Task PollAsync(TimeSpan patience)
        {
            var begun = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(begun) < patience && !Dropped.IsCompleted)
            {
                try
                {
                    await Database.PingAsync(CommandFlags.DemandMaster).WaitAsync(patience).ConfigureAwait(false);
                    return;
                }
                catch (Exception exception) when (exception is RedisException or TimeoutException or ObjectDisposedException)
                {
                    if (multiplexer.IsConnected)
                    {
                        await ((Task)multiplexer.ConfigureAsync()).WaitAsync(patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    }
                }

                await Task.Delay(s_pollInterval, TimeProvider.System).ConfigureAwait(false);
            }

            IsUseless = multiplexer.GetEndPoints().Length == 1;
        }
    }
}
