using Holdfast.Testing.Clients;

namespace Holdfast.Browser.Tests;

/// <summary>That an app starts, and is started again with what it stored.</summary>
public sealed class AppServerTests(Browser browser) : BrowserTest(browser)
{
    [Fact]
    public async Task A_click_survives_the_death_of_the_server()
    {
        await using var demo = await AppServer.StartDemoAsync(Deadline);
        await using var client = new ProtocolClient(new ProtocolClientOptions { BaseAddress = demo.Process.Address });
        await client.GetPageAsync("/counter");
        (await client.JoinAsync()).Html.ShouldBeNull("The server's digest is not the client's.");
        await client.ClickAsync("button");
        await client.UntilAsync(c => c.Text(".figure").Contains('1'));
        await client.AckedAsync();

        demo.Process.Kill();
        await demo.Process.RestartAsync(cancellationToken: Deadline);
        await client.RejoinAsync();

        client.Text(".figure").ShouldContain("1");
        client.Joined!.Found.ShouldBe("restored");
    }
}
