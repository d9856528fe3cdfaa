using System.Net;

namespace Holdfast.Tests.Posts;

/// <summary>Pages without script: what a POST does.</summary>
public class PostTests
{
    [Fact]
    public async Task A_button_works_without_script()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/counter");
        await client.PressAsync("#up");
        client.Status.ShouldBe(HttpStatusCode.OK);
        client.Text("#count").ShouldBe("1");
        client.Address.PathAndQuery.ShouldBe("/counter");
        await client.PressAsync("#up");
        client.Text("#count").ShouldBe("2");
    }

    [Fact]
    public async Task A_post_and_a_socket_work_on_the_same_state()
    {
        await using var world = await World.StartAsync();
        var live = await world.OpenAsync("/counter");
        await live.ClickAsync("#up");
        await live.AckedAsync();
        var client = await world.OpenFormAsync("/counter", live.Cookies);
        client.Text("#count").ShouldBe("1");
        await client.PressAsync("#up");
        client.Text("#count").ShouldBe("2");
        await live.ClickAsync("#up");
        await live.UntilTextAsync("#count", "3");
    }

    [Fact]
    public async Task A_post_survives_the_server()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/counter");
        await client.PressAsync("#up");
        await world.CrashAsync();
        await client.PressAsync("#up");
        client.Text("#count").ShouldBe("2");
    }

    [Fact]
    public async Task Every_control_is_applied_as_its_change_event()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/controls");
        client.Text("#shown").ShouldBe("one|1|2026-01-31|a/b|False|True|small|red|mon|0");
        client.Fill("#text", "two");
        client.Fill("#number", "22");
        client.Fill("#date", "2027-02-28");
        client.Fill("#area", "c\nd");
        client.Check("#box");
        client.Check("#full", false);
        client.Check("#large");
        client.Fill("#colour", "green");
        client.Choose("#days", "tue", "wed");
        await client.PressAsync("#save");
        client.Text("#shown").ShouldBe("two|22|2027-02-28|c/d|True|False|large|green|tue,wed|1");
        client.Text("#changes").ShouldBe("1");
        client.Text("#seen").ShouldBe("");
        await client.PressAsync("#save-too");
        client.Text("#shown").ShouldBe("two|22|2027-02-28|c/d|True|False|large|green|tue,wed|2");
        client.Text("#changes").ShouldBe("1"); // Nothing was touched, so nothing changed.
    }

    [Fact]
    public async Task Enter_applies_what_was_typed_and_presses_no_other_button()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/controls");
        client.Fill("#text", "typed");
        await client.EnterAsync("#text");
        client.Text("#shown").ShouldBe("typed|1|2026-01-31|a/b|False|True|small|red|mon|0");

        var letter = await world.OpenFormAsync("/posts/letter");
        letter.Fill("#to", "Ada");
        letter.Fill("#body", "Hello");
        await letter.EnterAsync("#to");
        letter.Text("#sent").ShouldBe("Ada:Hello:False:thin");
        letter.Text("#cleared").ShouldBe("0");
    }

    [Fact]
    public async Task A_control_that_nobody_touched_does_not_undo_what_another_tab_did()
    {
        await using var world = await World.StartAsync();
        var first = await world.OpenFormAsync("/posts/controls");
        var second = await world.OpenFormAsync("/posts/controls", first.Cookies);
        second.Fill("#text", "of the second");
        second.Check("#box");
        await second.PressAsync("#save");
        first.Fill("#number", "7");
        await first.PressAsync("#save");
        first.Text("#shown").ShouldBe("of the second|7|2026-01-31|a/b|True|True|small|red|mon|2");
    }

    [Fact]
    public async Task A_button_in_a_row_hits_its_row_also_when_the_page_has_changed_since()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/rows");
        var other = await world.OpenFormAsync("/posts/rows", client.Cookies);
        await other.PressAsync("[data-row=a] .keyed");
        client.Fill("[data-row=c] .note", "kept");
        await client.PressAsync("[data-row=b] .keyed");
        client.Document.QuerySelectorAll("tr").Select(row => row.GetAttribute("data-row")).ShouldBe(["c"]);
        client.Text("#notes").ShouldBe("c=kept");
    }

    [Fact]
    public async Task A_button_whose_row_is_gone_is_refused_as_stale()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/rows");
        var other = await world.OpenFormAsync("/posts/rows", client.Cookies);
        await other.PressAsync("[data-row=b] .keyed");
        await client.PressAsync("[data-row=b] .keyed");
        client.Status.ShouldBe(HttpStatusCode.Conflict);
        client.Text(".holdfast-notice").ShouldContain("has changed");
        client.Document.QuerySelectorAll("tr").Select(row => row.GetAttribute("data-row")).ShouldBe(["a", "c"]);
        await client.PressAsync("[data-row=c] .keyed"); // The answer is a page that works.
        client.Document.QuerySelectorAll("tr").Select(row => row.GetAttribute("data-row")).ShouldBe(["a"]);
    }

    [Fact]
    public async Task A_row_without_a_key_is_never_guessed()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/rows");
        var other = await world.OpenFormAsync("/posts/rows", client.Cookies);
        await other.PressAsync("li[data-row=a] .unkeyed");
        other.Document.QuerySelectorAll("li").Length.ShouldBe(2);
        await client.PressAsync("li[data-row=b] .unkeyed"); // The second one then, the first one now.
        client.Status.ShouldBe(HttpStatusCode.Conflict);
        client.Document.QuerySelectorAll("li").Length.ShouldBe(2);
        await client.PressAsync("li[data-row=b] .unkeyed");
        client.Status.ShouldBe(HttpStatusCode.OK);
        client.Document.QuerySelectorAll("li").Select(row => row.GetAttribute("data-row")).ShouldBe(["c"]);
    }

    [Fact]
    public async Task An_invalid_form_comes_back_with_its_messages_and_what_was_typed()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/letter");
        client.Fill("#to", "Ada");
        client.Check("#urgent");
        client.Fill("#paper", "thick");
        await client.PressAsync("#send");
        client.Status.ShouldBe(HttpStatusCode.OK);
        client.Text(".validation-errors").ShouldBe("What?");
        client.Get("#to").GetAttribute("value").ShouldBe("Ada");
        client.Text("#sent").ShouldBe("");

        client.Fill("#body", "Hello");
        await client.PressAsync("#send"); // The name was not typed again, and the model is not persisted.
        client.Document.QuerySelector(".validation-errors").ShouldBeNull();
        client.Text("#sent").ShouldBe("Ada:Hello:True:thick");
    }

    [Fact]
    public async Task Buttons_in_a_form_do_what_they_do_live()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/letter");
        await client.PressAsync("#clear");
        client.Text("#cleared").ShouldBe("1");
        client.Document.QuerySelector(".validation-errors").ShouldBeNull(); // It submits nothing.
        await client.PressAsync("#plain");
        client.Text("#cleared").ShouldBe("2");
        await client.PressAsync("#thank");
        client.Address.AbsolutePath.ShouldBe("/counter");
    }

    [Fact]
    public async Task Forms_of_the_authors_own_are_left_alone()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/posts/letter");
        client.Get("#foreign").GetAttribute("name").ShouldBe("foreign");
        client.Get("#foreign").HasAttribute("data-hf-post").ShouldBeFalse();
        client.FieldsOf("#foreign-send").ShouldBe([KeyValuePair.Create("foreign", "")]);
    }

    [Fact]
    public async Task Two_posts_of_one_session_at_once_both_count()
    {
        await using var world = await World.StartAsync();
        var first = await world.OpenFormAsync("/counter");
        var others = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => world.OpenFormAsync("/counter", first.Cookies)));
        await Task.WhenAll(others.Select(other => other.PressAsync("#up")));
        await first.OpenAsync("/counter");
        first.Text("#count").ShouldBe("10");
    }

    [Fact]
    public async Task Posts_to_two_nodes_at_once_both_count()
    {
        await using var world = await World.StartAsync();
        var clients = new List<FormClient> { await world.OpenFormAsync("/counter") };
        for (var i = 0; i < 5; i++)
        {
            clients.Add(await world.OpenFormAsync("/counter", clients[0].Cookies));
        }

        var there = world.Node.Port;
        await world.StartNodeAsync();
        var bodies = clients.Select(client => client.FieldsOf("#up")).ToList();
        await Task.WhenAll(bodies.Select((body, index) => PostAsync(index % 2 == 0 ? there : world.Node.Port, body, clients[0].Cookies)));
        await clients[0].OpenAsync("/counter");
        clients[0].Text("#count").ShouldBe("6");

        static async Task PostAsync(int port, List<KeyValuePair<string, string>> body, CookieContainer cookies)
        {
            using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = cookies }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            using var response = await http.PostAsync("/counter", new FormUrlEncodedContent(body));
            response.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        }
    }

    [Fact]
    public async Task A_double_submit_counts_once()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/counter");
        var body = client.FieldsOf("#up");
        await Task.WhenAll(client.PostAsync(body), client.PostAsync(body));
        client.Status.ShouldBe(HttpStatusCode.OK);
        client.Text("#count").ShouldBe("1");
        await world.CrashAsync(); // Another process knows of it too.
        await client.PostAsync(body);
        client.Text("#count").ShouldBe("1");
        await client.PressAsync("#up"); // The page that followed is another form.
        client.Text("#count").ShouldBe("2");
    }

    [Fact]
    public async Task Without_sockets_there_is_no_script_and_everything_goes_by_post()
    {
        await using var world = await World.StartAsync("--Holdfast:WebSockets=false");
        var client = await world.OpenFormAsync("/counter");
        client.Document.Scripts.ShouldBeEmpty();
        await client.PressAsync("#up");
        client.Text("#count").ShouldBe("1");
        await client.OpenAsync("/_holdfast");
        client.Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task An_endpoint_of_the_apps_own_for_the_same_post_comes_first()
    {
        await using var world = await World.StartAsync("--own-post=true");
        var client = await world.OpenFormAsync("/own-post");
        await client.PressAsync("#lead");
        client.Content.ShouldBe("the app's own");
    }

    [Fact]
    public async Task A_page_that_stores_nothing_takes_posts_and_a_double_submit_runs_once()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/own-post");
        client.Cookies.Count.ShouldBe(0);
        var body = client.FieldsOf("#lead");
        var address = client.Address;
        await client.PostAsync(body);
        var led = client.Address.PathAndQuery;
        led.ShouldStartWith("/counter?led=");
        await client.OpenAsync(address.ToString());
        await client.PostAsync(body);
        client.Address.PathAndQuery.ShouldBe(led); // Not led once more, and yet to where it led.
    }

    [Fact]
    public async Task A_handler_that_throws_changes_nothing_and_goes_to_the_apps_error_page()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenFormAsync("/posts/letter");
        await client.PressAsync("#fail");
        client.Status.ShouldBe(HttpStatusCode.InternalServerError);
        await client.OpenAsync("/posts/letter");
        client.Text("#cleared").ShouldBe("0");
    }
}
