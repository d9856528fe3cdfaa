namespace Holdfast.Benchmarks.Load;

/// <summary>How long and how much is measured.</summary>
internal sealed record LoadOptions
{
    public int ServerCore { get; init; }

    public int Connections { get; init; } = 100;

    public int Rounds { get; init; } = 5;

    /// <summary>The least warm-up; it goes on until the server's compiler has little left to do, at most for <see cref="LongestWarmUp"/>.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(4);

    public TimeSpan LongestWarmUp { get; init; } = TimeSpan.FromSeconds(15);

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    public int IdlePages { get; init; } = 1000;

    public int IdleRounds { get; init; } = 2;

    /// <summary>Even, so that store and peers go first equally often.</summary>
    public int StoreRounds { get; init; } = 6;

    /// <summary>How long a store or a peer is measured in a round.</summary>
    public TimeSpan StoreTurn { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Only scenarios whose name contains it.</summary>
    public string Only { get; init; } = "";

    /// <summary>The file whose table is replaced; null to only print it.</summary>
    public string? Output { get; init; }

    /// <summary>What it was called with, but for where its tables go.</summary>
    public string Arguments { get; init; } = "";

    public static LoadOptions Parse(string[] arguments)
    {
        var options = new LoadOptions { Arguments = string.Concat(arguments.Where(argument => !argument.StartsWith("--output", StringComparison.Ordinal)).Select(argument => $" {argument}")) };
        foreach (var argument in arguments)
        {
            options = argument.Split('=', 2) switch
            {
                ["--quick"] => options with { Rounds = 2, WarmUp = TimeSpan.FromSeconds(3), LongestWarmUp = TimeSpan.FromSeconds(7), Duration = TimeSpan.FromSeconds(3), IdleRounds = 1, StoreRounds = 2 },
                ["--rounds", var rounds] => options with { Rounds = int.Parse(rounds) },
                ["--idle-rounds", var rounds] => options with { IdleRounds = int.Parse(rounds) },
                ["--store-rounds", var rounds] => options with { StoreRounds = int.Parse(rounds) },
                ["--warm-up", var seconds] => options with { WarmUp = TimeSpan.FromSeconds(double.Parse(seconds)), LongestWarmUp = TimeSpan.FromSeconds(double.Parse(seconds)) },
                ["--only", var only] => options with { Only = only },
                ["--output", var file] => options with { Output = file },
                _ => throw new ArgumentException($"The option '{argument}' is not known. The load run takes --quick, --rounds=N, --idle-rounds=N, --store-rounds=N, --warm-up=SECONDS, --only=NAME and --output=FILE."),
            };
        }

        return options;
    }
}
