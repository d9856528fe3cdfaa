namespace Holdfast.Browser.Tests;

/// <summary>Where the files are that the tests read and make.</summary>
internal static class Repository
{
    /// <summary>These tests are in artifacts/bin/Holdfast.Browser.Tests/(configuration).</summary>
    public static string Root { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;
}
