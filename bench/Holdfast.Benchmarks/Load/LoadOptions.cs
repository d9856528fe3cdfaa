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

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(6);

    public int IdlePages { get; init; } = 1000;

    public int IdleRounds { get; init; } = 2;

    /// <summary>Only scenarios whose name contains it.</summary>
    public string Only { get; init; } = "";

    /// <summary>The file whose table is replaced; null to only print it.</summary>
    public string? Output { get; init; }

    public bool IsQuick { get; init; }

    public static LoadOptions Parse(string[] arguments)
    {
        var options = new LoadOptions();
        foreach (var argument in arguments)
        {
            options = argument.Split('=', 2) switch
            {
                ["--quick"] => options with { IsQuick = true, Rounds = 2, WarmUp = TimeSpan.FromSeconds(3), LongestWarmUp = TimeSpan.FromSeconds(7), Duration = TimeSpan.FromSeconds(3), IdleRounds = 1 },
                ["--rounds", var rounds] => options with { Rounds = int.Parse(rounds) },
                ["--idle-rounds", var rounds] => options with { IdleRounds = int.Parse(rounds) },
                ["--warm-up", var seconds] => options with { WarmUp = TimeSpan.FromSeconds(double.Parse(seconds)), LongestWarmUp = TimeSpan.FromSeconds(double.Parse(seconds)) },
                ["--only", var only] => options with { Only = only },
                ["--output", var file] => options with { Output = file },
                _ => throw new ArgumentException($"The option '{argument}' is not known. The load run takes --quick, --rounds=N, --idle-rounds=N, --warm-up=SECONDS, --only=NAME and --output=FILE."),
            };
        }

        return options;
    }
}
