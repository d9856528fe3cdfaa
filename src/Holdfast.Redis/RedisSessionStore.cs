using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Holdfast.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Holdfast.Redis;

/// <summary>Keeps sessions in Redis: durable where the server writes its log through to the disk, for any number of nodes.</summary>
/// <remarks>
/// <para>A session is one hash, and a write one script: all of it or nothing, and no more bytes than the change. What many sessions write at the
/// same time goes over one connection without waiting for each other's answers, and shares the server's waits for its disk.</para>
/// <para>What is confirmed is on the server's disk if <see cref="Durability"/> says so; that is looked up when the store is opened. What a replica has not
/// got yet is lost in a failover.</para>
/// <para>A write whose connection is lost is sent again up to three times. Each has an id, by which the server knows one that it has already
/// applied; so a lost answer is still answered rightly.</para>
/// <para>Expiry is kept in whole milliseconds and goes by the nodes' clocks. The server removes a session by itself an hour after it has expired.</para>
/// </remarks>
public sealed class RedisSessionStore : ISessionStore, IAsyncDisposable
{
    /// <summary>What is under the prefix, as <c>README.md</c> says; the key <c>format</c> holds it.</summary>
    private const long FormatVersion = 1;

    /// <summary>How many keys a page of a listing has. Chosen: the server is held up for less than a millisecond by it.</summary>
    private const int PageSize = 500;

    private const int Retries = 3;

    /// <summary>How long the first retry waits; each further one twice as long.</summary>
    private static readonly TimeSpan s_firstDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>Settings without which the server may lose what it has confirmed.</summary>
    private static readonly (string Name, string Needed)[] s_settings =
    [
        ("appendonly", "yes"), ("appendfsync", "always"), ("no-appendfsync-on-rewrite", "no"), ("maxmemory-policy", "noeviction"),
    ];

    private readonly RedisConnection _connection;
    private readonly bool _ownsConnection;
    private readonly string _prefix;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _opening;
    private bool _disposed;
    private int _underWay;

    /// <summary>Makes a store; it connects when it is opened or first used.</summary>
    /// <param name="options">Where the server is, and what keys begin with.</param>
    /// <param name="clock">Decides what has expired. Default: the system's.</param>
    /// <param name="logger">Is told which server is used, and whether it keeps what it confirms.</param>
    public RedisSessionStore(RedisStoreOptions options, TimeProvider? clock = null, ILogger<RedisSessionStore>? logger = null)
        : this(new RedisConnection(options), options.Prefix, clock ?? TimeProvider.System, logger) => _ownsConnection = true;

    internal RedisSessionStore(RedisConnection connection, string prefix, TimeProvider clock, ILogger<RedisSessionStore>? logger)
    {
        _connection = connection;
        _prefix = prefix;
        _clock = clock;
        _logger = logger ?? NullLogger<RedisSessionStore>.Instance;
    }

    /// <inheritdoc/>
    /// <remarks>As the server was set up when the store was opened: <see cref="StoreDurability.BestEffort"/> where it does not write each change to its
    /// disk, may evict, or does not tell.</remarks>
    public StoreDurability Durability { get; private set; } = StoreDurability.BestEffort;

    private long Now => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    private string SessionPrefix => _prefix + "s:";

    /// <inheritdoc/>
    public ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_opening is null or { IsFaulted: true })
            {
                _opening = OpenAsync();
            }

            return new ValueTask(_opening.WaitAsync(cancellationToken));
        }
    }

    /// <inheritdoc/>
    public async ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        var fields = await RunAsync(
            RedisScript.Read, key, [SessionHash.Number(knownRevision), SessionHash.Number(Now)], Retries, RedisErrors.CannotRead, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            return fields.Length switch
            {
                0 => SessionReadResult.Missing,
                1 => SessionReadResult.Unchanged,
                _ => new SessionReadResult(SessionReadStatus.Read, SessionHash.Parse(fields)),
            };
        }
        catch (FormatException exception)
        {
            throw RedisErrors.Damaged(_connection.Server, SessionPrefix + key, exception.Message, exception);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(write);
        var revision = write.ExpectedRevision == 0 ? SessionRevision.First() : write.ExpectedRevision + 1;
        var answer = await RunAsync(RedisScript.Write, key, Arguments(write, revision), Retries, RedisErrors.CannotWrite, cancellationToken).ConfigureAwait(false);
        return answer is [[(byte)'0']] ? SessionWriteResult.Conflict : new SessionWriteResult(true, revision);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        // Not sent again: the second would find nothing, and say so.
        var answer = await RunAsync(RedisScript.Delete, key, [SessionHash.Number(Now)], retries: 0, RedisErrors.CannotWrite, cancellationToken).ConfigureAwait(false);
        return answer is [[(byte)'1']];
    }

    /// <inheritdoc/>
    /// <remarks>Holds the keys that it has given until it ends: the server may name one twice.</remarks>
    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var given = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var (key, expiresAt) in ScanAsync(cancellationToken).ConfigureAwait(false))
        {
            if (expiresAt > Now && given.Add(key))
            {
                yield return key;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<int> SweepAsync(CancellationToken cancellationToken)
    {
        var swept = 0;
        await foreach (var (key, expiresAt) in ScanAsync(cancellationToken).ConfigureAwait(false))
        {
            if (expiresAt <= Now)
            {
                var answer = await RunAsync(RedisScript.Sweep, key, [SessionHash.Number(Now)], retries: 0, RedisErrors.CannotWrite, cancellationToken)
                    .ConfigureAwait(false);
                swept += answer is [[(byte)'1']] ? 1 : 0;
            }
        }

        return swept;
    }

    /// <summary>Takes no more calls, waits for the answers to those it took, and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
            if (_underWay == 0)
            {
                _drained.TrySetResult();
            }
        }

        await _drained.Task.ConfigureAwait(false);
        if (_ownsConnection)
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task OpenAsync()
    {
        var key = _prefix + "format";
        try
        {
            await _connection.OpenAsync(CancellationToken.None).ConfigureAwait(false);
            var stored = await _connection.GetOrSetAsync(key, SessionHash.Number(FormatVersion), CancellationToken.None).ConfigureAwait(false);
            switch (SessionHash.ParseNumber(stored))
            {
                case null:
                    throw RedisErrors.Foreign(_connection.Server, key);
                case > FormatVersion and var found:
                    throw RedisErrors.Newer(_connection.Server, key, found, FormatVersion);
            }

            await CheckDurabilityAsync().ConfigureAwait(false);
        }
        catch (RedisFailure failure) when (failure.Code == "WRONGTYPE")
        {
            throw RedisErrors.Foreign(_connection.Server, key);
        }
        catch (RedisFailure failure)
        {
            throw RedisErrors.CannotOpen(_connection.Server, failure);
        }

        Log.Opened(_logger, _connection.Server, _prefix);
    }

    private async Task CheckDurabilityAsync()
    {
        var needed = s_settings.ToDictionary(setting => setting.Name, setting => setting.Needed);
        var found = await _connection.GetSettingsAsync([.. needed.Keys], CancellationToken.None).ConfigureAwait(false);
        var wrong = found.Where(setting => setting.Value != needed[setting.Setting]).ToList();
        Durability = wrong.Count == 0 && found.Count > 0 ? StoreDurability.Durable : StoreDurability.BestEffort;
        if (wrong.Count > 0)
        {
            Log.BestEffort(_logger, _connection.Server, string.Join(", ", wrong.Select(setting => $"{setting.Setting} is {setting.Value ?? "not told"}").Distinct()));
        }
    }

    private async IAsyncEnumerable<(string Key, long? ExpiresAt)> ScanAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pages = _connection.ScanAsync(SessionPrefix, PageSize, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var _ = pages.ConfigureAwait(false);
        while (true)
        {
            IReadOnlyList<string> keys;
            IReadOnlyList<byte[]?> expiries;
            try
            {
                if (!await pages.MoveNextAsync().ConfigureAwait(false))
                {
                    yield break;
                }

                keys = pages.Current;
                expiries = await _connection.GetFieldsAsync(keys, SessionHash.ExpiresAt, cancellationToken).ConfigureAwait(false);
            }
            catch (RedisFailure failure)
            {
                throw RedisErrors.CannotList(_connection.Server, failure);
            }

            for (var i = 0; i < keys.Count; i++)
            {
                yield return (keys[i][SessionPrefix.Length..], SessionHash.ParseNumber(expiries[i]));
            }
        }
    }

    /// <summary>What <c>write.lua</c> takes.</summary>
    private byte[][] Arguments(SessionWrite write, long revision)
    {
        var sets = 0;
        foreach (var change in write.Changes)
        {
            sets += change.Value is null ? 0 : 1;
        }

        var arguments = new byte[6 + sets + write.Changes.Count][];
        arguments[0] = SessionHash.Number(write.ExpectedRevision);
        arguments[1] = SessionHash.Number(revision);
        arguments[2] = SessionHash.Number(Now);
        arguments[3] = SessionHash.Number(write.ExpiresAt.ToUnixTimeMilliseconds());
        arguments[4] = RandomNumberGenerator.GetBytes(8);
        arguments[5] = SessionHash.Number(sets);
        var (set, removed) = (6, 6 + (2 * sets));
        foreach (var change in write.Changes)
        {
            if (change.Value is { } value)
            {
                arguments[set++] = SessionHash.Field(change.Key);
                arguments[set++] = value;
            }
            else
            {
                arguments[removed++] = SessionHash.Field(change.Key);
            }
        }

        return arguments;
    }

    /// <summary>Runs a script on a session, again where that is safe and of use.</summary>
    private async Task<byte[]?[]> RunAsync(
        RedisScript script, string key, byte[][] arguments, int retries, Func<string, RedisFailure, SessionStoreException> explain,
        CancellationToken cancellationToken)
    {
        Begin();
        try
        {
            var (delay, begun) = (s_firstDelay, TimeProvider.System.GetTimestamp());
            for (var attempt = 0; ; attempt++, delay *= 2)
            {
                try
                {
                    return await _connection.EvaluateAsync(script, SessionPrefix + key, arguments, cancellationToken).ConfigureAwait(false);
                }
                catch (RedisFailure failure) when (
                    failure.MayPass && attempt < retries && TimeProvider.System.GetElapsedTime(begun) < _connection.CommandTimeout)
                {
                    await Task.Delay(delay, TimeProvider.System, cancellationToken).ConfigureAwait(false);
                    if (attempt == retries - 1)
                    {
                        await _connection.WaitForConnectionAsync(cancellationToken).ConfigureAwait(false);
                    }
                }
            }
        }
        catch (RedisFailure failure) when (failure.Code is "WRONGTYPE" or "DAMAGED")
        {
            throw RedisErrors.Damaged(_connection.Server, SessionPrefix + key, failure.Message.TrimEnd('.'), failure);
        }
        catch (RedisFailure failure)
        {
            throw explain(_connection.Server, failure);
        }
        finally
        {
            End();
        }
    }

    private void Begin()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _underWay++;
        }
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_underWay == 0 && _disposed)
            {
                _drained.TrySetResult();
            }
        }
    }
}
