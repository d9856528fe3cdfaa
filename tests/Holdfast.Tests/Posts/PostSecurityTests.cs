using System.Net;
using Holdfast.Testing.Time;

namespace Holdfast.Tests.Posts;

/// <summary>What is forged, replayed, foreign, expired or too much changes nothing.</summary>
public class PostSecurityTests
{
    [Fact]
    public async Task A_form_that_is_not_ours_is_refused()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/counter");
        var body = client.FieldsOf("#up");
        foreach (var forged in (string[])["", "nonsense", With(body, state => state[..^4] + "AAAA"), With(body, state => state[1..])])
        {
            await client.PostAsync(body.Select(field => field.Key == "holdfast" ? KeyValuePair.Create(field.Key, forged) : field));
            client.Status.ShouldBe(HttpStatusCode.BadRequest);
        }

        await client.OpenAsync("/counter");
        client.Text("#count").ShouldBe("0");

        static string With(List<KeyValuePair<string, string>> body, Func<string, string> change) => change(body.Single(field => field.Key == "holdfast").Value);
    }

    [Fact]
    public async Task A_form_of_another_page_is_refused()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/draft");
        var body = client.FieldsOf("#add");
        await client.OpenAsync("/counter");
        await client.PostAsync(body);
        client.Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_form_of_another_session_changes_neither()
    {
        await using var world = await World.StartAsync();
        var victim = await world.OpenFormAsync("/counter");
        var stranger = await world.OpenFormAsync("/counter");
        await stranger.PostAsync(victim.FieldsOf("#up"));
        stranger.Status.ShouldBe(HttpStatusCode.Conflict);
        stranger.Text(".holdfast-notice").ShouldContain("nothing was done");
        stranger.Text("#count").ShouldBe("0");
        await victim.OpenAsync("/counter");
        victim.Text("#count").ShouldBe("0");
    }

    [Fact]
    public async Task A_form_of_somebody_who_has_signed_out_changes_nothing()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/counter");
        await client.OpenAsync("/sign-in/ada");
        await client.OpenAsync("/counter");
        var body = client.FieldsOf("#up");
        var address = client.Address;
        await client.OpenAsync("/sign-out");
        await client.OpenAsync(address.ToString());
        await client.PostAsync(body);
        client.Status.ShouldBe(HttpStatusCode.Conflict);
        client.Text("#count").ShouldBe("0");
    }

    [Fact]
    public async Task An_expired_form_gives_a_fresh_page()
    {
        var time = new FakeTimeProvider();
        await using var world = new World { Time = time, Arguments = ["--Holdfast:TicketLifetime=00:10:00"] };
        await world.StartNodeAsync();
        var client = await world.OpenFormAsync("/counter");
        time.Advance(TimeSpan.FromMinutes(11));
        await client.PressAsync("#up");
        client.Status.ShouldBe(HttpStatusCode.Conflict);
        client.Text("#count").ShouldBe("0");
        await client.PressAsync("#up");
        client.Text("#count").ShouldBe("1");
    }

    [Fact]
    public async Task A_form_posted_by_another_site_is_refused()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenFormAsync("/counter");
        foreach (var origin in (string[])["https://evil.example", "null", "http://127.0.0.1:1"])
        {
            client.Origin = origin;
            var body = client.FieldsOf("#up");
            await client.PostAsync(body);
            client.Status.ShouldBe(HttpStatusCode.Forbidden);
            client.Origin = null;
            await client.OpenAsync("/counter");
        }

        client.Text("#count").ShouldBe("0");
    }

    [Fact]
    public async Task A_page_that_needs_a_user_takes_posts_of_that_user_only()
    {
        await using var world = await World.StartAsync();
        var client = new FormClient(new ProtocolClientOptions { BaseAddress = world.Address });
        using var _ = client;
        await client.OpenAsync("/sign-in/ada");
        await client.OpenAsync("/secret");
        client.Status.ShouldBe(HttpStatusCode.OK);
        var body = client.FieldsOf("button");
        var address = client.Address;
        await client.OpenAsync("/sign-out");
        using var answer = await client.Http.PostAsync(address, new FormUrlEncodedContent(body));
        answer.StatusCode.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task What_is_no_form_or_too_long_is_refused()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/counter");
        using var json = await client.Http.PostAsync(client.Address, new StringContent("{}", System.Text.Encoding.UTF8, "application/json"));
        json.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var request = new HttpRequestMessage(HttpMethod.Post, client.Address)
        {
            Content = new FormUrlEncodedContent([.. client.FieldsOf("#up"), KeyValuePair.Create("more", new string('x', 2_000_000))]),
            Headers = { ExpectContinue = true },
        };
        using var tooLong = await client.Http.SendAsync(request);
        tooLong.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        using var tooMany = await client.Http.PostAsync(client.Address, new FormUrlEncodedContent([.. client.FieldsOf("#up"), .. Enumerable.Range(0, 20_000).Select(i => KeyValuePair.Create("f" + i, ""))]));
        tooMany.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        await client.OpenAsync("/counter");
        client.Text("#count").ShouldBe("0");
    }

    [Fact]
    public async Task A_store_that_cannot_be_read_is_not_an_empty_session()
    {
        await using var world = await World.StartAsync();
        world.ExpectsErrors = true;
        var client = await world.OpenFormAsync("/counter");
        await client.PressAsync("#up");
        var body = client.FieldsOf("#up");
        world.Store.FailReads();
        await client.PostAsync(body);
        client.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        world.Store.Heal();
        await client.PostAsync(body);
        client.Text("#count").ShouldBe("2");
    }

    [Fact]
    public async Task A_store_that_cannot_be_written_says_so_and_the_repeated_form_counts_once()
    {
        var time = new FakeTimeProvider();
        await using var world = new World { Time = time };
        await world.StartNodeAsync();
        var client = await world.OpenFormAsync("/counter");
        var body = client.FieldsOf("#up");
        world.Store.HoldWrites();
        var posting = client.PostAsync(body);
        await Until.SoAsync(() => world.Store.Writes == 1);
        await Until.SoAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(11));
            return posting.IsCompleted;
        });
        await posting;
        client.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        world.Store.ReleaseWrites();
        await client.PostAsync(body);
        client.Status.ShouldBe(HttpStatusCode.OK);
        client.Text("#count").ShouldBe("1");
    }
}
