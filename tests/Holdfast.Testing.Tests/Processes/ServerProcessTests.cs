using System.Diagnostics;
using Holdfast.Testing.Processes;

namespace Holdfast.Testing.Tests.Processes;

public sealed class ServerProcessTests
{
    private static readonly string Dll = Path.Combine(AppContext.BaseDirectory, "Holdfast.Testing.Tests.Server.dll");

    [Fact]
    public async Task It_listens_when_started_and_again_on_the_same_port_after_a_kill()
    {
        await using var server = await StartAsync("one");
        var (port, id) = (server.Port, server.Id);
        (await GetAsync(server)).ShouldBe("one");

        server.Kill();
        server.IsRunning.ShouldBeFalse();
        server.ExitCode.ShouldBe(137);
        await Should.ThrowAsync<HttpRequestException>(() => GetAsync(server));
        await server.RestartAsync(options => options with { Arguments = ["--says=two"] }, Deadlines.Long);

        (server.Port, await GetAsync(server)).ShouldBe((port, "two"));
        server.Id.ShouldNotBe(id);
    }

    [Fact]
    public async Task It_stops_in_order_when_asked()
    {
        await using var server = await StartAsync("x");

        (await server.StopAsync(Deadlines.Long)).ShouldBe(0);

        server.Output.ShouldContain(line => line.Contains("Application is shutting down"));
    }

    [Fact]
    public async Task A_start_that_fails_tells_the_last_lines()
    {
        var failure = await Should.ThrowAsync<InvalidOperationException>(
            () => ServerProcess.StartAsync(new ServerProcessOptions { Path = Dll, Arguments = ["--fail"] }, Deadlines.Long));

        failure.Message.ShouldContain("ended with 3");
        failure.Message.ShouldContain("told to fail");
    }

    [Fact]
    public async Task Disposing_leaves_no_process()
    {
        var server = await StartAsync("x");
        using var process = Process.GetProcessById(server.Id);

        await server.DisposeAsync();

        await process.WaitForExitAsync(Deadlines.Short);
        process.HasExited.ShouldBeTrue();
    }

    private static Task<ServerProcess> StartAsync(string says) =>
        ServerProcess.StartAsync(new ServerProcessOptions { Path = Dll, Arguments = [$"--says={says}"] }, Deadlines.Long);

    private static async Task<string> GetAsync(ServerProcess server)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(server.Address, Deadlines.Short);
    }
}
