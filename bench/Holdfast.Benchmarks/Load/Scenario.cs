namespace Holdfast.Benchmarks.Load;

/// <summary>What is measured: a page of the server over a store, or the bare echo.</summary>
/// <param name="Name">What it is called in the report.</param>
/// <param name="Store">The server's store.</param>
/// <param name="Path">The page; null for the echo.</param>
internal sealed record Scenario(string Name, string Store, string? Path)
{
    public static readonly Scenario Echo = new("bare WebSocket echo", "memory", null);
    public static readonly Scenario Transient = new("counter, nothing persisted", "memory", "/transient-counter");
    public static readonly Scenario Memory = new("counter, memory store", "memory", "/counter");
    public static readonly Scenario Sqlite = new("counter, SQLite", "sqlite", "/counter");
    public static readonly Scenario List = new("200-row list, memory store", "memory", "/list");
    public static readonly Scenario ListSqlite = new("200-row list, SQLite", "sqlite", "/list");

    /// <summary>Reads the page once, and returns what opens a connection to it, as one visitor after another.</summary>
    public async Task<Func<Task<LoadConnection>>> PrepareAsync(ServerProcess server)
    {
        if (Path is null)
        {
            return () => EchoConnection.OpenAsync(server.Port);
        }

        var page = await LoadPage.ReadAsync(server.Http, Path);
        var number = 0;
        return async () => await PageConnection.OpenAsync(server.Port, server.Http, page, Interlocked.Increment(ref number));
    }
}
