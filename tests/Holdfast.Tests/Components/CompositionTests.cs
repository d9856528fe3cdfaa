using Holdfast.TestViews.Components;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Tests.Components;

public class CompositionTests
{
    [Fact]
    public async Task Templates_cascades_dynamic_components_sections_and_layouts_are_shown_and_change()
    {
        await using var world = await StartAsync();
        var client = await world.OpenAsync("/composition");
        client.Joined!.Html.ShouldBeNull();
        client.Page.Find("#outer > #inner #in-section").ShouldNotBeNull();
        Texts(client, ".themed").ShouldBe(["light registered", "light registered"]);
        Texts(client, ".row").ShouldBe(["1", "2"]);
        client.Attribute("#splatted", "data-x").ShouldBe("0");
        client.Attribute("#splatted", "class").ShouldBe("own");
        await client.ClickAsync("#change");
        await client.AckedAsync();
        Texts(client, ".themed").ShouldBe(["dark registered"]);
        client.Text("#dynamic").ShouldBe("dynamic");
        Texts(client, ".row").ShouldBe(["2", "3"]);
        client.Attribute("#splatted", "data-x").ShouldBe("1");
        client.Text("#fragment").ShouldBe("second");
        Texts(client, "#markup > em").ShouldBe(["two", "three"]);
        client.Text("#in-section").ShouldBe("aside 1");
        await client.ClickAsync("#change");
        await client.UntilAsync(it => it.Shows("#empty"));
    }

    [Fact]
    public async Task Handlers_in_templates_sections_and_splatted_attributes_run()
    {
        await using var world = await StartAsync();
        var client = await world.OpenAsync("/composition");
        await client.ClickAsync(".row");
        await client.ClickAsync("#splatted");
        await client.ClickAsync("#in-section");
        await client.ClickAsync("#call");
        await client.UntilTextAsync("#log", "1splatsectiontold plain");
    }

    [Fact]
    public async Task The_same_tree_is_shown_after_a_crash()
    {
        await using var world = await StartAsync();
        var client = await world.OpenAsync("/composition");
        await world.CrashAsync();
        (await client.RejoinAsync()).Html.ShouldNotBeNull("the cascaded value of the app is gone with its registration");
        await client.ClickAsync("#in-section");
        await client.UntilTextAsync("#log", "section");
    }

    [Fact]
    public async Task Focus_by_reference_says_that_there_is_no_js_interop()
    {
        await using var world = await StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenAsync("/composition");
        await client.ClickAsync("#focus");
        await client.AckedAsync();
        client.Errors.ShouldHaveSingleItem().Code.ShouldBe("failed");
        world.Node.Log.Errors.ShouldContain(error => error.Contains("no JS interop, which ElementReference.FocusAsync"));
    }

    [Fact]
    public async Task A_reference_to_a_view_is_an_error_that_says_why()
    {
        await using var world = await StartAsync();
        world.ExpectsErrors = true;
        var client = world.Browser();
        (await client.Http.GetAsync("/referred-view")).IsSuccessStatusCode.ShouldBeFalse();
        world.Node.Log.Errors.ShouldContain(error => error.Contains("The tag of view 'Holdfast.TestViews.Parts.EmbeddedCounter' has '@ref'."));
    }

    [Fact]
    public async Task Drawings_and_formulas_keep_the_names_of_their_elements_and_attributes_when_patched()
    {
        await using var world = await StartAsync();
        var client = await world.OpenAsync("/drawing");
        client.Joined!.Html.ShouldBeNull();
        for (var step = 1; step <= 3; step++)
        {
            await client.ClickAsync("#step");
            await client.AckedAsync();
            client.Attribute("#svg", "viewBox").ShouldBe($"0 0 {step} 10");
            client.Page.Get("#svg > title").TextContent.ShouldBe($"Step {step}");
            client.Page.Get("#gradient").NodeName.ShouldBe("linearGradient");
            client.Page.Get("#gradient").NamespaceUri.ShouldBe("http://www.w3.org/2000/svg");
            client.Attribute("#gradient", "gradientUnits").ShouldBe("userSpaceOnUse");
            client.Page.Get("#html").NamespaceUri.ShouldBe("http://www.w3.org/1999/xhtml");
            client.Page.Get("#fraction").NamespaceUri.ShouldBe("http://www.w3.org/1998/Math/MathML");
            client.Page.FindAll("#part > textPath").Count.ShouldBe(step);
            client.Page.FindAll("#part title").Select(title => title.TextContent).ShouldBe(Enumerable.Range(0, step).Select(i => $"{i} of {step}"));
        }

        (await client.RejoinAsync()).Html.ShouldBeNull("the patches made what the page shows");
    }

    private static IEnumerable<string> Texts(ProtocolClient client, string selector) => [.. client.Page.FindAll(selector).Select(element => element.TextContent.Trim())];

    private static async Task<World> StartAsync()
    {
        var world = new World();
        await world.StartNodeAsync(configureServices: services => services.AddCascadingValue(_ => new TestTheme("registered")));
        return world;
    }
}
