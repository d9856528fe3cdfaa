using System.Net;

namespace Holdfast.Tests.Posts;

/// <summary>Combinations that a review found broken.</summary>
public class MixedFormTests
{
    [Fact]
    public async Task A_radio_group_does_not_make_every_page_another_one()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/mixed");
        for (var i = 1; i <= 3; i++)
        {
            await client.PressAsync(".row");
            client.Status.ShouldBe(HttpStatusCode.OK);
            client.Text("#pressed").ShouldBe(new string('x', i));
        }

        var live = world.Browser(options => options with { Cookies = client.Cookies });
        await live.GetPageAsync("/posts/mixed");
        (await live.JoinAsync()).Html.ShouldBeNull();
    }

    [Fact]
    public async Task A_press_with_two_handlers_is_not_repeated_when_the_second_one_failed()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenFormAsync("/posts/mixed");
        client.Fill("#named", "throw");
        var body = client.FieldsOf("#press");
        var address = client.Address.ToString();
        for (var i = 0; i < 3; i++)
        {
            await client.OpenAsync(address);
            await client.PostAsync(body);
            client.Status.ShouldBe(HttpStatusCode.InternalServerError);
        }

        await client.OpenAsync(address);
        client.Text("#clicks").ShouldBe("1");
        client.Text("#submits").ShouldBe("0");
    }

    [Fact]
    public async Task A_control_that_names_its_form_is_posted_with_it()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/mixed");
        client.Fill("#named", "typed");
        await client.PressAsync("#press");
        client.Text("#bound").ShouldBe("typed");
        client.Text("#submits").ShouldBe("1");
    }

    [Fact]
    public async Task Validation_by_the_browser_does_not_stop_what_did_not_submit()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/mixed");
        client.Get("#cancel").HasAttribute("formnovalidate").ShouldBeTrue();
        client.Get("#cancel").GetAttribute("data-hf-post")!.Split(' ').ShouldContain("formnovalidate");
        client.Get("#press").HasAttribute("formnovalidate").ShouldBeFalse();
        client.Get("#holdfast-post").HasAttribute("novalidate").ShouldBeTrue();
    }

    [Fact]
    public async Task Members_of_the_tab_survive_a_handler_that_leads_to_the_same_page()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/mixed");
        await client.PressAsync("#sort");
        client.Address.Query.ShouldStartWith("?sort=1&holdfast-post=");
        client.Text("#tab").ShouldBe("1");
        await client.PressAsync("#sort");
        client.Text("#tab").ShouldBe("2");
    }

    [Fact]
    public async Task A_page_that_leads_away_when_it_is_mounted_runs_nothing()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/mixed/guarded");
        await client.PressAsync("#up");
        client.Address.AbsolutePath.ShouldBe("/counter");
        await client.OpenAsync("/posts/mixed/guarded");
        client.Text("#clicks").ShouldBe("0");
    }

    [Fact]
    public async Task A_path_that_begins_with_two_slashes_leads_to_no_other_site()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/mixed//evil.example/x");
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = client.Cookies };
        using var http = new HttpClient(handler);
        using var answer = await http.PostAsync(client.Address, new FormUrlEncodedContent(client.FieldsOf("#up")));
        answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        answer.Headers.Location!.IsAbsoluteUri.ShouldBeTrue();
        answer.Headers.Location.Authority.ShouldBe(client.Address.Authority);
    }

    [Fact]
    public async Task A_browser_that_hides_its_origin_may_post_to_the_same_one()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/counter");
        client.Origin = "null";
        client.Http.DefaultRequestHeaders.Add("Sec-Fetch-Site", "same-origin");
        await client.PressAsync("#up");
        client.Text("#count").ShouldBe("1");
    }

    [Fact]
    public async Task An_endpoint_for_everything_else_does_not_take_the_pages_posts()
    {
        await using var world = await World.StartAsync("--catch-all=true");
        var client = await world.OpenFormAsync("/counter");
        await client.PressAsync("#up");
        client.Text("#count").ShouldBe("1");
        await client.OpenAsync("/nowhere/else");
        client.Content.ShouldBe("everything else");
    }

    [Fact]
    public async Task The_query_is_kept_as_it_was()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/scopes?flag&word=a%20b");
        await client.PressAsync("#all");
        await client.PressAsync("#all");
        client.Address.Query.ShouldStartWith("?flag&word=a%20b&holdfast-post=");
        client.Text("#tab").ShouldBe("2");
    }
}
