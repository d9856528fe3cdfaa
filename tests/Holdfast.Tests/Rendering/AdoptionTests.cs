using System.Text.Json;
using Holdfast.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Holdfast.Tests.Rendering;

public class AdoptionTests
{
    /// <summary>Pages whose HTML is the same at the GET and at the join.</summary>
    public static TheoryData<string> Pages =>
    [
        "/", "/counter", "/build", "/draft", "/fields", "/state", "/ticking", "/steps", "/items/5", "/keys", "/modifiers", "/layout", "/twice", "/flood", "/failing",
        "/adoption", "/two-hundred", "/throws", "/rows/keyed-lambda", "/rows/unkeyed-lambda", "/rows/keyed-on", "/rows/unkeyed-on", "/rows/keyed-bind",
        "/rows/unkeyed-bind", "/rows/keyed-child", "/rows/unkeyed-child", "/rows/keyed-table", "/rows/sorted", "/poison", "/typing", "/binding", "/sleeper", "/posts/rows",
        "/posts/controls", "/posts/letter", "/registration", "/own-post", "/posts/mixed", "/binds", "/choices", "/composition", "/drawing", "/events", "/edit-form",
        "/guarded", "/clearing", "/also-shared", "/profile", "/journal", "/paying", "/payment", "/head", "/late-head", "/places/5", "/scripted", "/users", "/basket", "/booking", "/styled", "/zone",
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_document_that_shows_what_the_server_would_write_is_sent_no_html(string url)
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync(url);
        var atGet = Shown.By(client);
        var joined = await client.JoinAsync();
        if (joined.Html is not null)
        {
            Shown.By(client).ShouldBe(atGet);
        }

        joined.Html.ShouldBeNull();
        joined.Sequence.ShouldBe(0);
        joined.Found.ShouldBe("new");
    }

    [Fact]
    public async Task Every_page_of_the_app_is_looked_at_or_known_to_differ()
    {
        await using var world = await World.StartAsync();
        string[] differing = ["/scopes", "/embedded", "/secret", "/account", "/admin", "/lifecycle", "/foreign-mode", "/referred-view", "/upload"];
        var looked = Pages.Select(row => row.Data).Append("/plain").Append("/items/{Id:int}").Append("/items/{Name}").Append("/shared/{Id:int}").Append("/posts/mixed/{*Rest}").Append("/places/{id:int?}").Concat(differing).ToHashSet();
        world.Node.Services.GetRequiredService<PageCatalog>().Routes.Select(route => route.Template).Where(template => !looked.Contains(template)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_document_that_shows_something_else_is_given_what_it_must_show()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.ClickAsync("#up");
        await client.AckedAsync();
        var other = world.Tab(client);
        await other.GetPageAsync("/counter");
        other.Page.Get("#count").TextContent = "altered by somebody";
        other.Page.Get("#title").SetAttribute("class", "altered");
        var joined = await other.JoinAsync();
        joined.Html.ShouldNotBeNull();
        joined.Sequence.ShouldBe(1);
        Shown.By(other).ShouldBe(Shown.By(client));
        await other.ClickAsync("#up");
        await other.UntilTextAsync("#count", "2");
    }

    [Fact]
    public async Task Every_round_of_changes_of_the_adoption_page_leaves_what_a_fresh_page_would_show()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/adoption");
        var seen = new HashSet<string> { Shown.By(client) };
        for (var round = 1; round <= 4; round++)
        {
            await client.ClickAsync("#up");
            await client.AckedAsync();
            await client.UntilAsync(it => it.Handled == it.LastRef);
            var patched = Shown.By(client);
            seen.Add(patched).ShouldBeTrue();
            var joined = await client.RejoinAsync();
            if (joined.Html is not null)
            {
                patched.ShouldBe(Shown.By(client), $"round {round}");
            }

            joined.Html.ShouldBeNull();
            await client.DropAsync();
            client.Page.Get("#title").TextContent = "altered";
            (await client.JoinAsync()).Html.ShouldNotBeNull();
            Shown.By(client).ShouldBe(patched);
        }
    }

    [Fact]
    public async Task The_vectors_that_a_view_can_show_have_the_same_digest_on_the_server()
    {
        // The server's digest of a page is compared with the client's at every join of the theory above; here the numbers themselves are.
        var vectors = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Fixtures", "digest.json"), TestContext.Current.CancellationToken));
        var compared = 0;
        foreach (var vector in vectors.RootElement.EnumerateArray())
        {
            var html = vector.GetProperty("html").GetString()!;
            if (await ServerDigest.OfAsync(html) is { } digest)
            {
                digest.ShouldBe(vector.GetProperty("digest").GetString(), vector.GetProperty("name").GetString());
                compared++;
            }
        }

        compared.ShouldBeGreaterThan(10);
    }
}
