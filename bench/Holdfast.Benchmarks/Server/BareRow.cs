using Microsoft.Data.Sqlite;

namespace Holdfast.Benchmarks.Server;

/// <summary>The peer of a POST: a minimal API that reads and writes one row of SQLite, as durably, and redirects.</summary>
internal static class BareRow
{
    public static void Map(WebApplication app, string file)
    {
        var connection = new SqliteConnection($"Data Source={file}");
        connection.Open();
        Run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, value BLOB)");
        var gate = new SemaphoreSlim(1, 1); // SQLite has one writer; waiting for it here costs less than its busy time-out.
        app.MapPost("/bare/{id:int}", async (int id, HttpRequest request) =>
        {
            await request.ReadFormAsync();
            await gate.WaitAsync();
            try
            {
                using var transaction = connection.BeginTransaction();
                using var read = connection.CreateCommand();
                read.CommandText = "SELECT value FROM rows WHERE id = $id";
                read.Parameters.AddWithValue("$id", id);
                var value = await read.ExecuteScalarAsync() is byte[] known ? BitConverter.ToInt32(known) : 0;
                using var write = connection.CreateCommand();
                write.CommandText = "INSERT INTO rows (id, value) VALUES ($id, $value) ON CONFLICT (id) DO UPDATE SET value = $value";
                write.Parameters.AddWithValue("$id", id);
                write.Parameters.AddWithValue("$value", BitConverter.GetBytes(value + 1));
                await write.ExecuteNonQueryAsync();
                await transaction.CommitAsync();
            }
            finally
            {
                gate.Release();
            }

            request.HttpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            request.HttpContext.Response.Headers.Location = $"/bare/{id}";
        });

        void Run(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
    }
}
