using System.Net;

namespace Holdfast.Tests.Components;

public class AssetTests
{
    [Fact]
    public async Task Assets_have_fingerprinted_addresses_in_shell_and_page_and_are_served()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/styled");
        client.Joined!.Html.ShouldBeNull();
        var style = client.Page.Document.QuerySelector("link[rel=stylesheet]")!.GetAttribute("href")!;
        var picture = client.Attribute("#picture", "src")!;
        style.ShouldMatch(@"^/Holdfast\.TestApp\.\w{10}\.styles\.css$");
        picture.ShouldMatch(@"^/picture\.\w{10}\.svg$");
        foreach (var url in new[] { style, picture })
        {
            (await client.Http.GetAsync(url)).StatusCode.ShouldBe(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task Scoped_styles_are_for_what_is_there_and_what_a_patch_inserts()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/styled");
        await client.ClickAsync("#up");
        await client.UntilAsync(it => it.Shows("#inserted"));
        var scope = client.Page.Get("#styled").Attributes.Single(attribute => attribute.Name.StartsWith("b-")).Name;
        client.Page.Get("#inserted").HasAttribute(scope).ShouldBeTrue();
        var style = client.Page.Document.QuerySelector("link[rel=stylesheet]")!.GetAttribute("href")!;
        (await client.Http.GetStringAsync(style)).ShouldContain($".styled[{scope}]");
    }
}
