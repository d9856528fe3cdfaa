using System.Reflection;
using Holdfast.Security;
using Microsoft.Extensions.Options;

namespace Holdfast;

/// <summary>Settings of Holdfast, bound from the configuration section <c>Holdfast</c> and validated at start-up. Limits and counts are per node.</summary>
public sealed class HoldfastOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Holdfast";

    /// <summary>How long a session lives without use. Default: 24 hours. Every write and every open page renews it.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long the state of a signed-in user lives without use (views with <see cref="Scope.User"/>). Default: 90 days.</summary>
    public TimeSpan UserLifetime { get; set; } = TimeSpan.FromDays(90);

    /// <summary>The secrets by which records are named in the store: Base64 of 32 bytes or more each (<c>openssl rand -base64 32</c>). The first names new records; what was stored under
    /// a later one is still found. To rotate, add the new one at the end, deploy, then move it to the front, deploy; remove the old one when <see cref="UserLifetime"/> has passed without it.
    /// Default: none; the nodes then share a random one through the store.</summary>
    public IList<string> StorageKeys { get; } = [];

    /// <summary>How long an instance waits for its browser after the connection was lost, before it is dropped and only its stored state
    /// remains. Default: 60 seconds; 0 drops it at once.</summary>
    public TimeSpan GraceTime { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How many instances may wait at once; beyond it the one that waits longest is dropped. Default: 1,000.</summary>
    public int MaxWaitingInstances { get; set; } = 1_000;

    /// <summary>How many sockets may be open at once; 0 is unlimited, the default. A further one gets 503 with <c>Retry-After</c>.</summary>
    public int MaxConnections { get; set; }

    /// <summary>After how long a silence a connection counts as dead. Default: 45 seconds; pages ping every 20.</summary>
    public TimeSpan DeadAfter { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>How many frames may wait for one client. When they are that many, its page is not rendered for it any more, and sent as a
    /// whole when it has caught up. Default: 50.</summary>
    public int SendBufferSize { get; set; } = 50;

    /// <summary>A client that drains nothing for this long is disconnected. Default: 15 seconds.</summary>
    public TimeSpan SlowClientTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The longest frame that a client may send, in bytes. Default: 64 KiB.</summary>
    public int MaxFrameBytes { get; set; } = 64 * 1024;

    /// <summary>The most that one persisted member may have, in bytes of JSON. Default: 64 KiB.</summary>
    public int MaxMemberBytes { get; set; } = 64 * 1024;

    /// <summary>The most that one view's state may have. Default: 256 KiB.</summary>
    public int MaxSliceBytes { get; set; } = 256 * 1024;

    /// <summary>The most that one session may have. Default: 1 MiB.</summary>
    public int MaxSessionBytes { get; set; } = 1024 * 1024;

    /// <summary>How long a page's ticket is good for. Default: 24 hours; an expired one is renewed in the background.</summary>
    public TimeSpan TicketLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long a GET waits for the store before the page is shown with its defaults and <see cref="Found.Error"/>. Default: 1 second.</summary>
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often expired sessions are removed from the store. Default: 1 hour.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Whether pages are live. Default: yes. Without sockets there is no script either: everything goes by POST, as in a browser without script.</summary>
    public bool WebSockets { get; set; } = true;

    /// <summary>Whether sockets are compressed. Default: no. It saves bytes and costs over 200 KB of memory a connection, and secrets beside
    /// reflected input can be guessed from compressed sizes.</summary>
    public bool WebSocketCompression { get; set; }

    /// <summary>Assemblies with pages, besides that of the shell.</summary>
    public IList<Assembly> AdditionalAssemblies { get; } = [];
}

/// <summary>Rejects settings that cannot work, naming the setting.</summary>
internal sealed class HoldfastOptionsValidator : IValidateOptions<HoldfastOptions>
{
    public ValidateOptionsResult Validate(string? name, HoldfastOptions options)
    {
        var failures = new List<string>();
        Positive(options.SessionLifetime, nameof(options.SessionLifetime));
        Positive(options.UserLifetime, nameof(options.UserLifetime));
        Positive(options.DeadAfter, nameof(options.DeadAfter));
        Positive(options.SlowClientTimeout, nameof(options.SlowClientTimeout));
        Positive(options.TicketLifetime, nameof(options.TicketLifetime));
        Positive(options.ReadTimeout, nameof(options.ReadTimeout));
        Positive(options.SweepInterval, nameof(options.SweepInterval));
        AtLeast(options.GraceTime.Ticks, 0, nameof(options.GraceTime));
        AtLeast(options.MaxWaitingInstances, 0, nameof(options.MaxWaitingInstances));
        AtLeast(options.MaxConnections, 0, nameof(options.MaxConnections));
        AtLeast(options.SendBufferSize, 1, nameof(options.SendBufferSize));
        AtLeast(options.MaxFrameBytes, 1024, nameof(options.MaxFrameBytes));
        AtLeast(options.MaxMemberBytes, 1, nameof(options.MaxMemberBytes));
        AtLeast(options.MaxSliceBytes, options.MaxMemberBytes, nameof(options.MaxSliceBytes));
        AtLeast(options.MaxSessionBytes, options.MaxSliceBytes, nameof(options.MaxSessionBytes));
        for (var i = 0; i < options.StorageKeys.Count; i++)
        {
            if (!IsKey(options.StorageKeys[i]))
            {
                failures.Add($"Holdfast:StorageKeys:{i} is not a key. It must be Base64 of at least {StorageKey.MinBytes} bytes. Make one with 'openssl rand -base64 32'.");
            }
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Positive(TimeSpan value, string setting)
        {
            if (value <= TimeSpan.Zero)
            {
                failures.Add($"Holdfast:{setting} is {value}. It must be longer than zero. Set it to a time such as '00:01:00', or remove it for the default.");
            }
        }

        static bool IsKey(string text)
        {
            var bytes = new byte[(text?.Length ?? 0) + 4];
            return Convert.TryFromBase64String(text ?? "", bytes, out var length) && length >= StorageKey.MinBytes;
        }

        void AtLeast(long value, long minimum, string setting)
        {
            if (value < minimum)
            {
                failures.Add($"Holdfast:{setting} is {value}. It must be at least {minimum}. Raise it, or remove it for the default.");
            }
        }
    }
}
