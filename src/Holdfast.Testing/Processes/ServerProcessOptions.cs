using System.Text.RegularExpressions;

namespace Holdfast.Testing.Processes;

/// <summary>What a <see cref="ServerProcess"/> runs.</summary>
public sealed partial record ServerProcessOptions
{
    /// <summary>The application: a <c>.dll</c>, run by <c>dotnet</c>, or an executable.</summary>
    public required string Path { get; init; }

    /// <summary>The command line's arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Variables on top of this process's own; <see langword="null"/> removes one.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>The loopback port; 0: any free one, which then stays for every restart.</summary>
    public int Port { get; init; }

    /// <summary>The line by which it says that it listens; its first group, if it has one, is the port. Default: ASP.NET Core's.</summary>
    public Regex ReadyLine { get; init; } = AspNetReadyLine();

    /// <summary>How long start and stop may take; 30 s is for a busy machine that starts the runtime cold.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    [GeneratedRegex(@"Now listening on: https?://[^/]*:(\d+)")]
    private static partial Regex AspNetReadyLine();
}
