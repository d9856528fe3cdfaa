using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Holdfast.Benchmarks.Micro;

/// <summary>All benchmarks run in this process: the repository's central package versions and output folders do not fit the projects that
/// BenchmarkDotNet would otherwise generate.</summary>
internal static class InProcessConfig
{
    public static IConfig Create() => DefaultConfig.Instance
        .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
        .AddDiagnoser(MemoryDiagnoser.Default)
        .WithArtifactsPath("artifacts/micro");
}
