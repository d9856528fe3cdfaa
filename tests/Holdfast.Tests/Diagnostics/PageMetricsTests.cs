using System.Diagnostics.Metrics;
using Holdfast.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Tests.Diagnostics;

public class PageMetricsTests
{
    [Fact]
    public async Task Each_join_of_a_document_that_others_altered_is_counted_once()
    {
        await using var world = await World.StartAsync();
        var pages = new List<string>();
        using var listener = Listen(world, "holdfast.page.replaced", pages);

        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "1");
        await client.RejoinAsync();
        pages.ShouldBeEmpty();

        // Before the join, as an extension does that is quicker than the script.
        var other = world.Tab(client);
        await other.GetPageAsync("/counter");
        other.Page.Get("#title").SetAttribute("class", "altered");
        (await other.JoinAsync()).Html.ShouldNotBeNull();
        pages.ShouldBe(["Holdfast.TestViews.Pages.Counter"]);
        (await other.RejoinAsync()).Html.ShouldBeNull();
        pages.Count.ShouldBe(1);

        // In a live page.
        client.Page.Get("#count").TextContent = "altered";
        (await client.RejoinAsync()).Html.ShouldNotBeNull();
        pages.Count.ShouldBe(2);
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "2");
        pages.Count.ShouldBe(2);
    }

    /// <summary>Adds the page that each measurement of an instrument names.</summary>
    private static MeterListener Listen(World world, string instrument, List<string> pages)
    {
        var meter = world.Node.Services.GetRequiredService<HoldfastMeter>().Meter;
        var listener = new MeterListener
        {
            InstrumentPublished = (published, self) =>
            {
                if (published.Meter == meter && published.Name == instrument)
                {
                    self.EnableMeasurementEvents(published);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, change, tags, _) =>
        {
            lock (pages)
            {
                pages.AddRange(Enumerable.Repeat(tags.ToArray().Single(tag => tag.Key == "holdfast.page").Value!.ToString()!, (int)change));
            }
        });
        listener.Start();
        return listener;
    }
}
