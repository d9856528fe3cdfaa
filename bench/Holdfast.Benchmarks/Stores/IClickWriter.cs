namespace Holdfast.Benchmarks.Stores;

/// <summary>Makes what a click changes in a session durable: through a session object and its store, or bare.</summary>
internal interface IClickWriter : IAsyncDisposable
{
    /// <summary>Completes when the click's bytes are durable. A session has one click at a time; many sessions click at once.</summary>
    Task ClickAsync(int session);
}
