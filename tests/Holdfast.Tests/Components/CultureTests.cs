using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Tests.Components;

public class CultureTests
{
    [Fact]
    public async Task A_page_runs_under_the_culture_of_its_request_and_so_does_the_live_page()
    {
        await using var world = await StartAsync();
        var client = await OpenAsync(world, "/binds?culture=de-DE");
        const string german = "de-DE|de-DE|1.234,5|02.01.2026";
        client.Text("#culture").ShouldBe(german);
        await client.JoinAsync();
        client.Joined!.Html.ShouldBeNull("the first paint and the live page agree");
        client.Text("#culture").ShouldBe(german);
        await client.ChangeAsync("#decimal", "2,5");
        await client.AckedAsync();
        client.Text("#shown").ShouldContain("|2.5|");
        client.Value("#decimal").ShouldBe("2,5");
        client.Text("#culture").ShouldBe(german);
    }

    [Fact]
    public async Task A_mount_after_a_crash_has_it_too()
    {
        await using var world = await StartAsync();
        var client = await OpenAsync(world, "/binds?culture=de-DE");
        await client.JoinAsync();
        await world.CrashAsync();
        await client.RejoinAsync();
        client.Text("#culture").ShouldBe("de-DE|de-DE|1.234,5|02.01.2026");
    }

    [Fact]
    public async Task The_culture_of_texts_may_be_another()
    {
        await using var world = await StartAsync();
        var client = await OpenAsync(world, "/binds?culture=de-DE&ui-culture=fr-FR");
        await client.JoinAsync();
        client.Joined!.Html.ShouldBeNull();
        client.Text("#culture").ShouldStartWith("de-DE|fr-FR|");
    }

    [Fact]
    public async Task Handlers_and_the_work_that_they_start_have_it_wherever_they_run()
    {
        await using var world = await StartAsync();
        var client = await OpenAsync(world, "/binds?culture=de-DE&ui-culture=fr-FR");
        await client.JoinAsync();
        await client.ClickAsync("#async");
        await client.UntilTextAsync("#later", "de-DE|de-DE|de-DE|fr-FR");
    }

    private static async Task<ProtocolClient> OpenAsync(World world, string url)
    {
        var client = world.Browser();
        await client.GetPageAsync(url);
        return client;
    }

    private static async Task<World> StartAsync()
    {
        var world = new World();
        await world.StartNodeAsync(configureServices: services => services.AddTransient<IStartupFilter, Localization>());
        return world;
    }

    /// <summary>Sets the culture of requests, before everything else.</summary>
    private sealed class Localization : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.UseRequestLocalization("en-US", "de-DE", "fr-FR");
            next(app);
        };
    }
}
