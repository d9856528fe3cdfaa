using Holdfast.Testing.Processes;
using Holdfast.TestViews;

namespace Holdfast.Tests.Sessions;

public class KillTests
{
    private const int Kills = 50;

    [Fact]
    public async Task A_server_that_is_killed_at_any_moment_loses_no_acked_click_and_doubles_none()
    {
        using var folder = new TemporaryFolder();
        await using var server = await ServerProcess.StartAsync(new ServerProcessOptions
        {
            Path = typeof(TestApp).Assembly.Location,
            Arguments = [$"--Holdfast:Sqlite:Path={folder.File("holdfast.db")}", "--Logging:LogLevel:Default=Warning"],
        });
        await using var client = new ProtocolClient(new ProtocolClientOptions { BaseAddress = server.Address, Deadline = TimeSpan.FromSeconds(30) });
        await client.GetPageAsync("/counter");
        await client.JoinAsync();
        var random = new Random(50);
        var (clicks, ackedWithoutPatch) = (0, 0L);
        for (var kill = 0; kill < Kills; kill++)
        {
            var burst = random.Next(1, 12);
            for (var i = 0; i < burst; i++, clicks++)
            {
                await client.ClickAsync("#up");
            }

            // At once, at the first patch (shown, and perhaps not yet stored), or at the first ack, with more under way behind it.
            var (shown, wanted) = (client.Handled, client.Acked + 1);
            await (random.Next(3) switch
            {
                0 => Task.CompletedTask,
                1 => client.UntilAsync(it => it.Handled > shown),
                _ => client.UntilAsync(it => it.Acked >= wanted),
            });

            var acked = client.Acked;
            server.Kill();
            await client.ClosedAsync();
            await server.RestartAsync();
            await client.RejoinAsync();
            client.Joined!.Next.ShouldBeGreaterThan(acked);
            ackedWithoutPatch += client.Joined.Next - 1 - acked;
            if (client.Unacked.Count > 0)
            {
                await client.UntilAsync(it => it.Acked >= wanted); // At least one ack between two kills: else the first event would count as poison.
            }
        }

        await client.AckedAsync();
        client.Text("#count").ShouldBe($"{clicks}");
        client.Errors.ShouldBeEmpty();
        await client.GetPageAsync("/counter");
        client.Text("#count").ShouldBe($"{clicks}");
        TestContext.Current.SendDiagnosticMessage($"{clicks} clicks, {Kills} kills; {ackedWithoutPatch} events were stored whose ack the kill ate.");
    }

    [Fact]
    public async Task A_server_that_is_deployed_anew_keeps_what_was_there_and_shows_what_is_new()
    {
        using var folder = new TemporaryFolder();
        await using var server = await ServerProcess.StartAsync(new ServerProcessOptions
        {
            Path = typeof(TestApp).Assembly.Location,
            Arguments = [$"--Holdfast:Sqlite:Path={folder.File("holdfast.db")}"],
        });
        await using var client = new ProtocolClient(new ProtocolClientOptions { BaseAddress = server.Address, Deadline = TimeSpan.FromSeconds(30) });
        await client.GetPageAsync("/build");
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();
        client.Shows("#ten").ShouldBeFalse();
        await server.RestartAsync(options => options with { Arguments = [.. options.Arguments, "--extra-button=true"] });
        (await client.ClosedAsync()).ShouldBe(1001);
        client.Frames.OfType<GoAwayFrame>().Single().Reason.ShouldBe("shutdown");
        await client.ClickAsync("#up");
        var joined = await client.RejoinAsync();
        joined.Html.ShouldNotBeNull();
        await client.AckedAsync();
        await client.UntilTextAsync("#count", "2");
        await client.ClickAsync("#ten");
        await client.UntilTextAsync("#count", "12");
    }
}
