using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Npgsql;

namespace Holdfast.Postgres;

/// <summary>Keeps the Data Protection keys in the session store's schema: whoever has the sessions can read the cookies that lead to them, on every
/// node and after every deploy.</summary>
/// <remarks>Used where the application configured no key repository. The keys stand in the table as Data Protection hands them over: in clear, unless
/// the application configures <c>ProtectKeysWith…</c>. Owns nothing; its calls are few (at start-up, then about once a day), and block, because Data
/// Protection's are synchronous.</remarks>
internal sealed class PostgresKeyRing(PostgresDatabase database) : IXmlRepository
{
    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements() => Use(async connection =>
    {
        await using var command = database.Command(connection, database.Sql.ListKeys);
        await using var row = await command.ExecuteReaderAsync().ConfigureAwait(false);
        var elements = new List<XElement>();
        while (await row.ReadAsync().ConfigureAwait(false))
        {
            elements.Add(XElement.Parse(row.GetString(0)));
        }

        return elements;
    });

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName) => Use(async connection =>
    {
        await using var command = database.Command(
            connection,
            database.Sql.InsertKey,
            new NpgsqlParameter<string> { TypedValue = friendlyName ?? "" },
            new NpgsqlParameter<string> { TypedValue = element.ToString(SaveOptions.DisableFormatting) });
        return await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    });

    private TResult Use<TResult>(Func<NpgsqlConnection, Task<TResult>> use) => Task.Run(async () =>
    {
        // Data Protection may want its keys before the host has opened the store.
        await database.OpenAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            var connection = await database.ConnectAsync(CancellationToken.None).ConfigureAwait(false);
            await using var _ = connection.ConfigureAwait(false);
            return await use(connection).ConfigureAwait(false);
        }
        catch (Exception exception) when (PostgresDatabase.IsServers(exception))
        {
            throw PostgresErrors.CannotUseKeyRing(database.Place, database.Schema, exception);
        }
    }).GetAwaiter().GetResult();
}
