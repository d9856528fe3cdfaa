using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Data.Sqlite;

namespace Holdfast.Sqlite;

/// <summary>Keeps the Data Protection keys in the session store's file: whoever has the sessions can read the cookies that
/// lead to them, also after a deploy onto another machine.</summary>
/// <remarks>Used where the application configured no key repository. The keys stand in the file as Data Protection hands
/// them over: in clear, unless the application configures <c>ProtectKeysWith…</c>. Owns no connection between calls, which
/// are few (at start-up, then about once a day). A key is durable when <see cref="StoreElement"/> returns.</remarks>
internal sealed class SqliteKeyRing(SqliteDatabase database) : IXmlRepository
{
    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements() => Use(static connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = SqlText.ListKeys;
        using var row = command.ExecuteReader();
        var elements = new List<XElement>();
        while (row.Read())
        {
            elements.Add(XElement.Parse(row.GetString(0)));
        }
        return elements;
    });

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName) => Use(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = SqlText.InsertKey;
        command.Parameters.AddWithValue("$name", friendlyName ?? "");
        command.Parameters.AddWithValue("$xml", element.ToString(SaveOptions.DisableFormatting));
        return command.ExecuteNonQuery();
    });

    private TResult Use<TResult>(Func<SqliteConnection, TResult> use)
    {
        using var connection = database.OpenChecked();
        try
        {
            return use(connection);
        }
        catch (SqliteException exception)
        {
            throw SqliteErrors.CannotUseKeyRing(database.Path, exception);
        }
    }
}
