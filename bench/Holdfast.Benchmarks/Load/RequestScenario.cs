namespace Holdfast.Benchmarks.Load;

/// <summary>What is requested, and what it is compared with.</summary>
/// <param name="Name">What it is called in the report.</param>
/// <param name="Store">The server's store.</param>
/// <param name="Path">The address.</param>
/// <param name="Peer">What does the same without Holdfast.</param>
internal sealed record RequestScenario(string Name, string Store, string Path, RequestScenario? Peer)
{
    /// <summary>The button that each request presses; null for a GET.</summary>
    public bool IsPost { get; init; }

    public static readonly RequestScenario BarePost = new("POST of a minimal API, SQLite row", "sqlite", "/bare", null) { IsPost = true };
    public static readonly RequestScenario CounterPost = new("POST of the counter, SQLite", "sqlite", "/counter", BarePost) { IsPost = true };
    public static readonly RequestScenario BlazorTable = new("200-row table, Blazor's static rendering", "blazor", "/static-table", null);
    public static readonly RequestScenario Table = new("200-row table, first paint", "sqlite", "/table", BlazorTable);

    public static readonly RequestScenario[] All = [BarePost, CounterPost, BlazorTable, Table];
}
