using System.Diagnostics;
using System.Text;
using Holdfast.Sqlite;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>Kills a process that writes, again and again, and looks at what it left.</summary>
public sealed class SqliteCrashTests : IDisposable
{
    private const int Sessions = 4;
    private const int Kills = 20;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_killed_process_loses_no_confirmed_commit_and_leaves_no_half_of_one()
    {
        var path = _directory.File("holdfast.db");
        var random = new Random(17);
        var confirmed = new Dictionary<string, Commit>();
        var commits = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            var printed = await RunAndKillAsync(path, afterLines: random.Next(1, 200));
            commits += printed.Count;
            foreach (var commit in printed)
            {
                confirmed[commit.Key] = commit;
            }

            await using var store = new SqliteSessionStore(new SqliteStoreOptions { Path = path });
            foreach (var commit in confirmed.Values)
            {
                await AssertKeptAsync(store, commit);
            }
        }
        Assert.Equal(Sessions, confirmed.Count);
        Assert.True(commits > Kills * 10, $"only {commits} commits before {Kills} kills prove little");
    }

    private static async Task AssertKeptAsync(SqliteSessionStore store, Commit confirmed)
    {
        var session = (await store.ReadAsync(confirmed.Key, 0, TestContext.Current.CancellationToken)).Session;
        Assert.NotNull(session);
        var first = Count(session, "first");
        Assert.Equal(first, Count(session, "last"));
        Assert.Equal(first * 37 % 20_000, session.Entries[new("/page", EntryKind.Member, "padding")].Length);
        // Commits that were not confirmed in time may be there too, as many as the revision says.
        Assert.True(first >= confirmed.Count, $"{confirmed} was confirmed, and {first} is stored");
        Assert.Equal(confirmed.Revision + (first - confirmed.Count), session.Revision);
    }

    private static async Task<List<Commit>> RunAndKillAsync(string path, int afterLines)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "Holdfast.Stores.Tests.Writer.dll"), path, $"{Sessions}" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = new StringBuilder();
        var (buffer, lines) = (new char[4096], 0);
        while (await process.StandardOutput.ReadAsync(buffer, TestContext.Current.CancellationToken) is > 0 and var read)
        {
            output.Append(buffer, 0, read);
            lines += buffer.AsSpan(0, read).Count('\n');
            if (lines >= afterLines && !process.HasExited)
            {
                process.Kill();
            }
        }
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal("", await errors);
        Assert.True(lines >= afterLines, $"the writer ended by itself with {process.ExitCode}");
        // What follows the last line's end was cut off.
        return [.. output.ToString().Split('\n')[..^1].Select(Commit.Parse)];
    }

    private static int Count(StoredSession session, string member) =>
        int.Parse(Encoding.UTF8.GetString(session.Entries[new("/page", EntryKind.Member, member)]));

    private sealed record Commit(string Key, int Count, long Revision)
    {
        public static Commit Parse(string line) =>
            line.Split(' ') is [var key, var count, var revision]
                ? new Commit(key, int.Parse(count), long.Parse(revision))
                : throw new FormatException($"The writer printed '{line}'.");
    }
}
