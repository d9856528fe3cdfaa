// Writes sessions until it is killed, and prints each commit after the store has confirmed it: key, count, revision.
// Arguments: the file, and how many sessions write at the same time.

using System.Text;
using Holdfast.Sqlite;
using Holdfast.Stores;

var store = new SqliteSessionStore(new SqliteStoreOptions { Path = args[0] });
var output = Console.OpenStandardOutput();
await Task.WhenAll(Enumerable.Range(0, int.Parse(args[1])).Select(i => Task.Run(() => WriteForeverAsync($"s{i}"))));
return 0;

async Task WriteForeverAsync(string key)
{
    var (revision, count) = (0L, 0);
    if ((await store.ReadAsync(key, 0, CancellationToken.None)).Session is { } session)
    {
        revision = session.Revision;
        count = int.Parse(Encoding.UTF8.GetString(session.Entries[Member("first")]));
    }
    while (true)
    {
        count++;
        var value = Encoding.UTF8.GetBytes($"{count}");
        var write = new SessionWrite(
            revision, DateTimeOffset.MaxValue,
            [
                new(Member("first"), value),
                new(Member("padding"), new byte[count * 37 % 20_000]),
                new(Member("last"), value),
            ]);
        var result = await store.WriteAsync(key, write, CancellationToken.None);
        if (!result.Committed)
        {
            Console.Error.WriteLine($"{key}: {revision} conflicted");
            Environment.Exit(1);
        }
        revision = result.Revision;
        lock (output)
        {
            // One write call a line: a kill leaves whole lines, or a last one without its end.
            output.Write(Encoding.UTF8.GetBytes($"{key} {count} {revision}\n"));
        }
    }
}

static EntryKey Member(string name) => new("/page", EntryKind.Member, name);
