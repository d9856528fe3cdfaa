using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;

namespace Demo.Todos;

/// <summary>
/// The todos of everybody who uses the demo, in <c>todos.db</c> beside the session store's file. Thread-safe. Each change may be run twice and has its effect
/// once: an event whose ack was lost comes again.
/// </summary>
public sealed class TodoList
{
    private readonly string _connection;

    public TodoList(IHostEnvironment environment, IOptions<SqliteStoreOptions> store)
    {
        var sessions = Path.GetFullPath(store.Value.Path, environment.ContentRootPath);
        var file = Path.Combine(Path.GetDirectoryName(sessions)!, "todos.db");
        _connection = new SqliteConnectionStringBuilder { DataSource = file }.ToString();
        using var connection = new SqliteConnection(_connection);
        connection.Open();
        using var create = connection.CreateCommand();
        create.CommandText = """
            pragma journal_mode = wal;
            create table if not exists todos (id text primary key, text text not null, is_done integer not null default 0);
            """;
        create.ExecuteNonQuery();
    }

    /// <summary>The latest 100, newest first.</summary>
    public async Task<List<Todo>> ReadAsync()
    {
        await using var connection = new SqliteConnection(_connection);
        await connection.OpenAsync();
        await using var select = connection.CreateCommand();
        select.CommandText = "select id, text, is_done from todos order by rowid desc limit 100";
        await using var reader = await select.ExecuteReaderAsync();
        var todos = new List<Todo>();
        while (await reader.ReadAsync())
        {
            todos.Add(new Todo(reader.GetGuid(0), reader.GetString(1), reader.GetBoolean(2)));
        }

        return todos;
    }

    public Task AddAsync(Guid id, string text)
    {
        text = text.Trim();
        return ExecuteAsync(
            "insert into todos (id, text) values ($id, $text) on conflict do nothing",
            ("$id", id), ("$text", text[..Math.Min(text.Length, Todo.MaxLength)]));
    }

    public Task SetDoneAsync(Guid id, bool isDone) =>
        ExecuteAsync("update todos set is_done = $done where id = $id", ("$id", id), ("$done", isDone));

    public Task DeleteAsync(Guid id) => ExecuteAsync("delete from todos where id = $id", ("$id", id));

    private async Task ExecuteAsync(string sql, params (string Name, object Value)[] parameters)
    {
        await using var connection = new SqliteConnection(_connection);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        await command.ExecuteNonQueryAsync();
    }
}
