using System.Net;
using System.Text.Json;
using Holdfast.Testing.Clients;

namespace Holdfast.Testing.Tests.Clients;

public sealed class ProtocolClientTests : IAsyncLifetime
{
    private const string Counter = "<p id=\"n\">0</p><button id=\"add\" data-hf=\"click:AddAdd\">+1</button>"
        + "<input id=\"name\" data-hf=\"change:NameCh input:NameIn\" value=\"\">";

    private ScriptedServer _server = null!;
    private ProtocolClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedServer.StartAsync(Counter);
        _client = new ProtocolClient(new ProtocolClientOptions { BaseAddress = _server.Address });
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_page_is_loaded_with_cookies_and_over_redirects()
    {
        var response = await _client.GetPageAsync("/old");

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        _client.Address!.AbsolutePath.ShouldBe("/");
        _client.Ticket.ShouldBe("ticket-s1");
        _client.Text("#n").ShouldBe("0");
    }

    [Fact]
    public async Task A_join_says_what_the_document_is_and_shows()
    {
        await _client.GetPageAsync("/");
        var joining = _client.JoinAsync();
        var socket = await _server.AcceptedAsync();

        var (join, fields) = await socket.JoinedAsync();
        await joining;

        var body = JsonElement.Parse(join)[1];
        body.GetProperty("v").GetInt32().ShouldBe(1);
        body.GetProperty("ticket").GetString().ShouldBe("ticket-");
        body.GetProperty("doc").GetString().ShouldBe(_client.Document);
        body.GetProperty("nav").GetString().ShouldBe("navigate");
        body.GetProperty("next").GetInt64().ShouldBe(1);
        body.GetProperty("digest").GetString().ShouldBe(LiveDocument.Of(Counter).Digest);
        body.TryGetProperty("instance", out _).ShouldBeFalse();
        fields.ShouldBe("""["fields",[]]""");
        socket.Origin.ShouldBe(_server.Address.GetLeftPart(UriPartial.Authority));
    }

    [Fact]
    public async Task A_click_is_numbered_and_its_patch_shown_and_acked()
    {
        var socket = await JoinedAsync();

        (await _client.ClickAsync("#add")).ShouldBe(1);
        (await socket.ReceiveAsync()).ShouldBe("""["event",1,0,"AddAdd"]""");
        await socket.SendAsync("""["patch",1,[[0,0,["t",0,"1"]]],1]""");
        await _client.UntilTextAsync("#n", "1");
        _client.Handled.ShouldBe(1);
        _client.Unacked.ShouldBe([1L]);
        await socket.SendAsync("""["ack",1]""");
        await _client.AckedAsync(1);

        _client.Unacked.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_next_event_carries_the_sequence()
    {
        var socket = await JoinedAsync();
        await socket.SendAsync("""["patch",1,[]]""");
        await _client.ReceiveAsync<PatchFrame>();

        await _client.InputAsync("#name", "Ada");

        (await socket.ReceiveAsync()).ShouldBe("""["event",1,1,"NameIn","Ada"]""");
    }

    [Fact]
    public async Task Eight_patches_are_acked_without_an_event()
    {
        var socket = await JoinedAsync();

        for (var i = 1; i <= 8; i++)
        {
            await socket.SendAsync($"[\"patch\",{i},[]]");
        }

        (await socket.ReceiveAsync()).ShouldBe("""["ack",8]""");
    }

    [Fact]
    public async Task A_rejoin_sends_fields_and_then_what_the_server_did_not_take()
    {
        var socket = await JoinedAsync();
        await _client.ClickAsync("#add");
        await _client.InputAsync("#name", "Ada");
        await _client.DropAsync();
        await _client.ClickAsync("#add");

        var joining = _client.RejoinAsync();
        socket = await _server.AcceptedAsync();
        var (join, fields) = await socket.JoinedAsync(next: 2);
        await joining;

        JsonElement.Parse(join)[1].GetProperty("nav").GetString().ShouldBe("rejoin");
        JsonElement.Parse(join)[1].GetProperty("instance").GetString().ShouldBe("i1");
        fields.ShouldBe("""["fields",[["NameIn","Ada",0]]]""");
        (await socket.ReceiveAsync()).ShouldBe("""["event",2,0,"NameIn","Ada"]""");
        (await socket.ReceiveAsync()).ShouldBe("""["event",3,0,"AddAdd"]""");
        _client.Unacked.ShouldBe([1L, 2L, 3L]);
    }

    [Fact]
    public async Task Fields_say_that_the_last_event_of_the_control_is_settled()
    {
        var socket = await JoinedAsync();
        await _client.ChangeAsync("#name", "Ada");
        await socket.SendAsync("""["ack",1]""");
        await _client.AckedAsync();

        var joining = _client.RejoinAsync();
        socket = await _server.AcceptedAsync();
        var (_, fields) = await socket.JoinedAsync(next: 2);
        await joining;

        fields.ShouldBe("""["fields",[["NameIn","Ada",1]]]""");
    }

    [Fact]
    public async Task After_the_death_of_a_server_the_first_event_is_resent_alone()
    {
        var socket = await JoinedAsync();
        await _client.ClickAsync("#add");
        await _client.ClickAsync("#add");

        var joining = _client.RejoinAsync();
        socket = await _server.AcceptedAsync();
        await socket.JoinedAsync(start: "s2");
        await joining;

        (await socket.ReceiveAsync()).ShouldBe("""["event",1,0,"AddAdd"]""");
        await socket.SendAsync("""["ack",1]""");
        (await socket.ReceiveAsync()).ShouldBe("""["event",2,0,"AddAdd"]""");
    }

    [Fact]
    public async Task A_wait_is_obeyed()
    {
        var socket = await JoinedAsync();
        await _client.ClickAsync("#add");
        await socket.ReceiveAsync();

        await socket.SendAsync("""["wait",0,1]""");

        (await socket.ReceiveAsync()).ShouldBe("""["event",1,0,"AddAdd"]""");
    }

    [Fact]
    public async Task Html_of_a_join_is_put_in_place_and_what_was_typed_stays()
    {
        await JoinedAsync();
        await _client.InputAsync("#name", "Ada");

        var joining = _client.RejoinAsync();
        var socket = await _server.AcceptedAsync();
        await socket.JoinedAsync(next: 2, html: Counter.Replace(">0<", ">41<", StringComparison.Ordinal), seq: 7);
        await joining;

        _client.Text("#n").ShouldBe("41");
        _client.Value("#name").ShouldBe("Ada");
        _client.Sequence.ShouldBe(7);
    }

    [Fact]
    public async Task A_close_is_told_to_those_who_wait()
    {
        var socket = await JoinedAsync();
        var waiting = _client.ReceiveAsync<AckFrame>();

        await socket.SendAsync("""["error","bad-frame",0,"no"]""");
        await socket.CloseAsync(1008);

        (await Should.ThrowAsync<InvalidOperationException>(waiting)).Message.ShouldContain("1008");
        (await _client.ClosedAsync()).ShouldBe(1008);
        _client.Errors.Single().Code.ShouldBe("bad-frame");
    }

    [Fact]
    public async Task A_patch_that_skips_a_number_fails_every_wait()
    {
        var socket = await JoinedAsync();

        await socket.SendAsync("""["patch",2,[]]""");

        (await Should.ThrowAsync<InvalidOperationException>(() => _client.UntilTextAsync("#n", "9")))
            .Message.ShouldContain("Patch 2 came after 0");
    }

    [Fact]
    public async Task A_wait_in_vain_ends_at_the_deadline_and_tells_what_came()
    {
        await using var hasty = new ProtocolClient(new ProtocolClientOptions
        {
            BaseAddress = _server.Address, Deadline = TimeSpan.FromMilliseconds(200),
        });
        await hasty.GetPageAsync("/");

        (await Should.ThrowAsync<TimeoutException>(() => hasty.UntilAsync(c => c.Text("#n") == "9")))
            .Message.ShouldContain("c.Text(\"#n\") == \"9\"");
    }

    [Fact]
    public async Task A_refused_upgrade_is_told_with_its_status()
    {
        await _client.GetPageAsync("/");
        _server.RefusesWith = 503;

        var refused = await Should.ThrowAsync<SocketRefusedException>(() => _client.ConnectAsync());

        refused.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        refused.RetryAfter.ShouldBe("7");
    }

    [Fact]
    public async Task Frames_by_hand_go_out_as_they_are()
    {
        var socket = await JoinedAsync();

        await _client.SendEventFrameAsync(5, 0, _client.AddressOf("#add", "click"));
        await _client.SendEventFrameAsync(5, 0, "AddAdd", "null");
        await _client.SendRawAsync("{}");

        (await socket.ReceiveAsync()).ShouldBe("""["event",5,0,"AddAdd"]""");
        (await socket.ReceiveAsync()).ShouldBe("""["event",5,0,"AddAdd",null]""");
        (await socket.ReceiveAsync()).ShouldBe("{}");
        _client.LastRef.ShouldBe(0);
    }

    [Fact]
    public async Task An_event_goes_to_each_handler_on_its_way_up_unless_stopped()
    {
        _server.Live = "<form data-hf=\"submit:Submit\"><div data-hf=\"click:Outer0\"><p data-hf=\"click:Inner0.a\">"
            + "<button id=\"b\"></button></p><i data-hf=\"click:Stops0.s\" id=\"s\"></i></div></form>";
        var socket = await JoinedAsync();

        (await _client.ClickAsync("#b")).ShouldBe(3);
        await _client.ClickAsync("#s");

        (await socket.ReceiveAsync()).ShouldBe("""["event",1,0,"Inner0",{"detail":1}]""");
        (await socket.ReceiveAsync()).ShouldBe("""["event",2,0,"Outer0"]""");
        (await socket.ReceiveAsync()).ShouldBe("""["event",3,0,"Submit"]""");
        (await socket.ReceiveAsync()).ShouldBe("""["event",4,0,"Stops0"]""");
    }

    [Fact]
    public async Task A_form_is_posted_with_what_its_controls_hold_and_the_redirect_is_followed()
    {
        _server.Live = "<form action=\"/post\"><input name=\"a\" value=\"1\"><input type=\"checkbox\" name=\"b\">"
            + "<input type=\"hidden\" name=\"ticket\" value=\"t\"></form>";
        await _client.GetPageAsync("/");

        var response = await _client.PostAsync("form", new Dictionary<string, string> { ["handler"] = "save" });

        _server.Posted.ShouldBe("a=1&ticket=t&handler=save");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        _client.Address!.AbsolutePath.ShouldBe("/");
    }

    [Fact]
    public async Task Another_tab_shares_the_cookies_and_nothing_else()
    {
        await _client.GetPageAsync("/old");

        await using var other = _client.OpenTab();
        await other.GetPageAsync("/");

        other.Ticket.ShouldBe("ticket-s1");
        other.Tab.ShouldNotBe(_client.Tab);
    }

    [Fact]
    public async Task It_speaks_to_a_server_in_memory_too()
    {
        await using var server = await ScriptedServer.StartAsync(Counter, inMemory: true);
        await using var client = new ProtocolClient(new ProtocolClientOptions
        {
            BaseAddress = server.InMemory.BaseAddress,
            Handler = server.InMemory.CreateHandler(),
            Connect = (request, cancellationToken) =>
            {
                var sockets = server.InMemory.CreateWebSocketClient();
                sockets.ConfigureRequest = http =>
                {
                    http.Headers.Origin = request.Origin;
                    http.Headers.Cookie = request.Cookies;
                };
                return sockets.ConnectAsync(request.Address, cancellationToken);
            },
        });
        await client.GetPageAsync("/old");
        var joining = client.JoinAsync();
        var socket = await server.AcceptedAsync();
        await socket.JoinedAsync();
        await joining;

        await client.ClickAsync("#add");
        await socket.ReceiveAsync();
        await socket.SendAsync("""["patch",1,[[0,0,["t",0,"1"]]],1,1]""");
        await client.AckedAsync();

        client.Text("#n").ShouldBe("1");
        client.Ticket.ShouldBe("ticket-s1");
    }

    private async Task<ScriptedSocket> JoinedAsync()
    {
        await _client.GetPageAsync("/");
        var joining = _client.JoinAsync();
        var socket = await _server.AcceptedAsync();
        await socket.JoinedAsync();
        await joining;
        return socket;
    }
}
