using System.Net;
using Holdfast.Http;
using Microsoft.AspNetCore.Components;

namespace Holdfast.Tests.Components;

/// <summary>What does not work says so, and says what to do.</summary>
public class UnsupportedTests
{
    [Fact]
    public async Task A_call_of_a_script_fails_its_event_and_names_the_function()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/scripted");
        await client.ClickAsync("#call");
        await client.AckedAsync();
        client.Errors.ShouldHaveSingleItem().Code.ShouldBe("failed");
        world.Node.Log.Errors.ShouldContain(error => error.Contains("The script function 'localStorage.setItem' cannot be called: a Holdfast page has no JS interop."));
    }

    [Theory]
    [InlineData("/upload", "InputFile cannot be rendered in a Holdfast page. It needs JS interop")]
    [InlineData("/foreign-mode", "cannot be rendered with 'Other'. A live page has one render mode")]
    public async Task A_page_with_what_cannot_work_fails_at_its_first_get(string url, string message)
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        (await world.Browser().Http.GetAsync(url)).StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        world.Node.Log.Errors.ShouldContain(error => error.Contains(message));
    }

    [Fact]
    public void Streaming_rendering_is_refused_at_start_up() =>
        Should.Throw<InvalidOperationException>(() => new PageCatalog().Discover(typeof(UnsupportedTests), [new Types(typeof(Streamed))]))
            .Message.ShouldContain("[StreamRendering]");

    /// <summary>Not in the test app: it could not start.</summary>
    [Route("/streamed")]
    [StreamRendering]
    private sealed class Streamed : LiveView;
}
