using System.Net;

namespace Holdfast.Tests.Components;

public class NavigationTests
{
    [Fact]
    public async Task A_page_knows_its_address_and_reads_its_query_at_get_and_at_join()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser();
        await client.GetPageAsync("/places/5?word=a%20b&page=3&tag=x&tag=y");
        Check();
        await client.JoinAsync();
        client.Joined!.Html.ShouldBeNull();
        Check();

        void Check()
        {
            client.Text("#uri").ShouldBe("places/5?word=a%20b&page=3&tag=x&tag=y");
            client.Text("#query").ShouldBe("a b|3|x,y|5");
            client.Text("#next").ShouldBe("places/5?word=a%20b&page=4&tag=x&tag=y");
            client.Attribute("#link", "class").ShouldBe("active");
        }
    }

    [Fact]
    public async Task A_link_to_another_page_is_not_active()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/places/6");
        client.Attribute("#link", "class").ShouldBeNull();
    }

    [Fact]
    public async Task Leading_elsewhere_while_a_get_is_rendered_redirects_and_shows_nothing()
    {
        await using var world = await World.StartAsync();
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = world.Address };
        var response = await http.GetAsync("/places/1");
        response.StatusCode.ShouldBe(HttpStatusCode.Found);
        response.Headers.Location!.PathAndQuery.ShouldBe("/places/2?word=redirected");
        (await response.Content.ReadAsStringAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_live_page_leads_elsewhere_unless_its_own_handler_refuses()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/places/5");
        await client.ClickAsync("#refused");
        await client.AckedAsync();
        client.Text("#asked").ShouldEndWith("/places/refused");
        client.Frames.OfType<NavigateFrame>().ShouldBeEmpty();
        await client.ClickAsync("#go");
        (await client.ReceiveAsync<NavigateFrame>()).Url.ShouldEndWith("/places/7?word=next");
    }

    [Fact]
    public async Task What_is_not_found_at_a_get_is_a_404_without_a_page()
    {
        await using var world = await World.StartAsync();
        var response = await world.Browser().Http.GetAsync("/places/404");
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await response.Content.ReadAsStringAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_live_page_that_is_not_found_any_more_is_loaded_again()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/places/5");
        await client.ClickAsync("#missing");
        (await client.ReceiveAsync<NavigateFrame>()).Url.ShouldEndWith("/places/5");
    }

    [Fact]
    public async Task A_page_that_is_not_found_only_when_it_is_live_is_not_loaded_again_and_again()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/places/405");
        await client.PingAsync();
        client.Frames.OfType<NavigateFrame>().ShouldBeEmpty();
        await client.ClickAsync("#missing");
        (await client.ReceiveAsync<NavigateFrame>()).Url.ShouldEndWith("/places/405");
    }

    [Fact]
    public async Task A_post_that_finds_nothing_leads_to_the_page_which_says_so()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/places/5?word=kept");
        await client.PressAsync("#missing");
        client.Address.PathAndQuery.ShouldBe("/places/5?word=kept");
    }
}
