using Holdfast.Stores;
using Microsoft.Extensions.Hosting;

namespace Holdfast.Sqlite;

/// <summary>Opens the file when the host starts, so that one which cannot be opened stops the start, not a first visit.</summary>
internal sealed class SqliteStartup : IHostedService
{
    /// <param name="store">Made, and so opened, in order to be handed in here.</param>
    public SqliteStartup(ISessionStore store) => ArgumentNullException.ThrowIfNull(store);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
