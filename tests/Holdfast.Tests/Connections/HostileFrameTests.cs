using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Holdfast.Tests.Connections;

public class HostileFrameTests
{
    private static readonly int Frames = Environment.GetEnvironmentVariable("HOLDFAST_LONG") == "1" ? 200_000 : 20_000;

    [Fact]
    public async Task Whatever_is_sent_gets_a_documented_answer_and_harms_nobody()
    {
        var unobserved = new List<Exception>();
        void Note(object? sender, UnobservedTaskExceptionEventArgs args) => unobserved.Add(args.Exception);
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            await using var world = await World.StartAsync("--Holdfast:MaxFrameBytes=4096");
            var victim = await world.OpenAsync("/counter");
            await victim.ClickAsync("#up");
            await victim.AckedAsync();
            var secret = await world.OpenAsync("/draft");
            await secret.ChangeAsync("#draft", "MARKED-SECRET");
            await secret.ClickAsync("#add");
            await secret.AckedAsync();

            var attacks = await Task.WhenAll(Enumerable.Range(0, 4).Select(index => AttackAsync(world, victim, new Random(1000 + index), Frames / 4)));
            attacks.Sum(attack => attack.Sent).ShouldBeGreaterThanOrEqualTo(Frames);
            attacks.Sum(attack => attack.Closed).ShouldBeGreaterThan(Frames / 200); // Witnesses that much was refused, and much was not.
            attacks.Sum(attack => attack.Answered).ShouldBeGreaterThan(Frames / 20);

            await victim.ClickAsync("#up");
            await victim.AckedAsync();
            victim.Text("#count").ShouldBe("2");
            await Until.SoAsync(() => world.Node.Connections.Count == 2);
            var fresh = await world.OpenAsync("/counter");
            await fresh.ClickAsync("#up");
            await fresh.UntilTextAsync("#count", "1");
            world.Node.Log.Errors.ShouldBeEmpty();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        unobserved.ShouldBeEmpty();
    }

    [Fact]
    public async Task Depth_is_limited_to_sixteen()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.SendRawAsync(Nested(15));
        await client.ReceiveAsync<PongFrame>();
        await client.SendRawAsync(Nested(16));
        (await client.ReceiveAsync<ErrorFrame>()).Code.ShouldBe("bad-frame");
        (await client.ClosedAsync()).ShouldBe(1008);

        static string Nested(int depth) => $"[\"ping\",{new string('[', depth)}{new string(']', depth)}]";
    }

    [Fact]
    public async Task Text_that_is_not_utf8_is_refused()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.SendRawAsync(new byte[] { (byte)'[', (byte)'"', 0xff, 0xfe, (byte)'"', (byte)']' }, WebSocketMessageType.Text);
        (await client.ClosedAsync()).ShouldBeOneOf(1007, null); // The close may be lost with the connection.
        await client.RejoinAsync();
    }

    [Fact]
    public async Task A_binary_message_is_refused()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.SendRawAsync("[\"ping\"]"u8.ToArray(), WebSocketMessageType.Binary);
        (await client.ReceiveAsync<ErrorFrame>()).Code.ShouldBe("bad-frame");
        (await client.ClosedAsync()).ShouldBe(1008);
    }

    [Theory]
    [InlineData("[\"fields\",[]]")]
    [InlineData("[\"join\",{}]")]
    [InlineData("[\"event\",0,0,\"AAAAAA\"]")]
    [InlineData("[\"event\",-1,0,\"AAAAAA\"]")]
    [InlineData("[\"event\",9007199254740992,0,\"AAAAAA\"]")]
    [InlineData("[\"event\",1.5,0,\"AAAAAA\"]")]
    [InlineData("[\"event\",1,0]")]
    [InlineData("[\"event\",1,0,\"AAAAAA\",[1]]")]
    [InlineData("[\"event\",1,0,\"\\ud800\"]")]
    [InlineData("[\"unknown\"]")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("[\"ping\"")]
    [InlineData("[\"ping\"] []")]
    [InlineData("")]
    [InlineData("\u0000")]
    public async Task A_frame_of_the_wrong_shape_closes_the_connection_and_nothing_else(string frame)
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.SendRawAsync(frame);
        (await client.ReceiveAsync<ErrorFrame>()).Code.ShouldBe("bad-frame");
        (await client.ClosedAsync()).ShouldBe(1008);
        (await client.RejoinAsync()).Found.ShouldBe("recovered");
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "1");
    }

    [Theory]
    [InlineData("[\"ping\",1,2,{\"new\":[true]}]")]
    [InlineData("[\"ack\",1,\"new\"]")]
    [InlineData("[\"event\",1,0,\"AAAAAA\",null,\"new\",[[]]]")]
    [InlineData(" [ \"ping\" ] ")]
    public async Task Elements_that_a_newer_client_adds_are_passed_over(string frame)
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/counter");
        await client.SendRawAsync(frame);
        await client.PingAsync();
        client.Connection.IsOpen.ShouldBeTrue();
    }

    [Fact]
    public async Task Payloads_that_do_not_fit_their_event_are_stale()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/keys");
        var address = client.AddressOf("#box", "keydown");
        foreach (var payload in (string[])["\"text\"", "true", "[\"a\"]", "{\"key\":5}", "{\"shiftKey\":\"yes\"}", "{\"location\":\"left\"}", "{\"key\":\"\\ud800\"}"])
        {
            var sent = await client.SendEventAsync(address, payload);
            await client.AckedAsync(sent);
            client.Errors[^1].ShouldSatisfyAllConditions(error => error.Code.ShouldBe("stale"), error => error.Ref.ShouldBe(sent));
        }

        var fields = await world.OpenAsync("/draft");
        var change = fields.AddressOf("#draft", "change");
        foreach (var payload in (string?[])[null, "null", "{}"])
        {
            var sent = await fields.SendEventAsync(change, payload);
            await fields.AckedAsync(sent);
            fields.Errors[^1].Ref.ShouldBe(sent);
        }

        world.Node.Log.Errors.ShouldBeEmpty();
    }

    [Fact]
    public async Task Fields_for_what_is_not_there_or_no_field_change_nothing()
    {
        await using var world = await World.StartAsync();
        var client = world.Browser(options => options with { AnswersJoined = false });
        await client.GetPageAsync("/counter");
        await client.JoinAsync();
        var up = client.AddressOf("#up", "click");
        await client.SendRawAsync($"[\"fields\",[[\"AAAAAA\",\"x\",0],[\"{up}\",\"x\",0],[\"{up}\",true,1],[\"{up}\",null,0],[\"{up}\",[\"a\"],0]]]");
        await client.SendEventFrameAsync(1, 0, up);
        await client.UntilTextAsync("#count", "1");
    }

    private static async Task<(int Sent, int Closed, int Answered)> AttackAsync(World world, ProtocolClient victim, Random random, int frames)
    {
        var (sent, closed, answered) = (0, 0, 0);
        while (sent < frames)
        {
            await using var client = new ProtocolClient(new ProtocolClientOptions
            {
                BaseAddress = world.Address, AnswersJoined = false, ObeysWait = false, KeepsAlive = false,
            });
            await client.GetPageAsync(random.Next(2) == 0 ? "/counter" : "/fields");
            await client.ConnectAsync();
            if (random.Next(10) != 0)
            {
                await client.JoinAsync();
                await client.SendFieldsAsync();
            }

            var pings = 0;
            for (var burst = random.Next(1, 400); burst > 0 && sent < frames && client.Connection.IsOpen; burst--)
            {
                sent++;
                try
                {
                    var (bytes, type, isRude) = Frame(random, client, victim);
                    await client.SendRawAsync(bytes, type);
                    if (isRude || burst == 1 || sent == frames)
                    {
                        // Whether by an error or by going on, the server answers; what is sent after a close would count for nothing.
                        await client.SendRawAsync("[\"ping\"]");
                        var awaited = ++pings;
                        await client.UntilAsync(it => !it.Connection.IsOpen || it.Frames.OfType<PongFrame>().Count() >= awaited);
                    }
                }
                catch (Exception exception) when (exception is WebSocketException or IOException or ObjectDisposedException or OperationCanceledException)
                {
                    break;
                }
            }

            await client.UntilAsync(it => !it.Connection.IsOpen || pings == 0 || it.Frames.OfType<PongFrame>().Any());
            if (!client.Connection.IsOpen)
            {
                closed++;
                (await client.ClosedAsync()).ShouldBeOneOf(null, 1000, 1007, 1008, 1009, 4001);
            }

            answered += client.Frames.Count;
            client.Frames.OfType<UnknownFrame>().ShouldBeEmpty();
            client.Frames.Where(frame => frame.Raw.Contains("MARKED-SECRET", StringComparison.Ordinal)).ShouldBeEmpty();
            client.Errors.ShouldAllBe(error => Array.IndexOf(Codes, error.Code) >= 0);
        }

        return (sent, closed, answered);
    }

    private static readonly string[] Codes = ["stale", "bad-frame", "too-big", "ticket", "failed"];

    private static (byte[] Bytes, WebSocketMessageType Type, bool IsRude) Frame(Random random, ProtocolClient client, ProtocolClient victim)
    {
        switch (random.Next(1000))
        {
            case < 3:
                return (Encoding.UTF8.GetBytes(Join(random, client, victim)), WebSocketMessageType.Text, true);
            case < 5:
                return (new byte[4097 + random.Next(10_000)], WebSocketMessageType.Text, true);
            case < 7:
                return (Mutated(random, "[\"ping\"]"), WebSocketMessageType.Binary, true);
            case < 10:
                return (Encoding.UTF8.GetBytes(new string('[', random.Next(1, 40))), WebSocketMessageType.Text, true);
            case < 40:
                return (Mutated(random, Valid(random, client)), WebSocketMessageType.Text, true);
            default:
                return (Encoding.UTF8.GetBytes(Valid(random, client)), WebSocketMessageType.Text, false);
        }
    }

    /// <summary>Of the right shape; what it says is mostly nonsense.</summary>
    private static string Valid(Random random, ProtocolClient client)
    {
        long[] refs = [1, 2, 3, random.Next(1, 20), random.NextInt64(1, 1L << 53)];
        string[] payloads = ["", ",null", ",\"x\"", ",true", ",[\"a\",\"b\"]", ",{\"key\":\"x\"}", ",{\"button\":1e400}", ",{}", ",[]", ",\"\\ud800\""];
        var known = client.Page.FindAll("[data-hf]").Select(element => element.GetAttribute("data-hf")!.Split(':', '.')[1]).Append("AAAAAA").Append("").Append("💥").ToList();
        return random.Next(8) switch
        {
            0 => "[\"ping\"]",
            1 => $"[\"ack\",{random.NextInt64(0, 1L << 53)}]",
            _ => $"[\"event\",{refs[random.Next(refs.Length)]},{random.Next(0, 5)},\"{known[random.Next(known.Count)]}\"{payloads[random.Next(payloads.Length)]}]",
        };
    }

    private static string Join(Random random, ProtocolClient client, ProtocolClient victim)
    {
        var join = new JsonObject
        {
            ["v"] = random.Next(3),
            ["ticket"] = random.Next(3) switch { 0 => client.Ticket, 1 => victim.Ticket, _ => "forged" },
            ["tab"] = victim.Tab,
            ["doc"] = victim.Document,
            ["nav"] = "rejoin",
            ["instance"] = victim.Joined!.Instance,
            ["next"] = random.Next(5),
            ["seq"] = random.Next(5),
            ["digest"] = "0123456789abcdef",
        };
        return new JsonArray("join", join).ToJsonString();
    }

    private static byte[] Mutated(Random random, string frame)
    {
        var bytes = Encoding.UTF8.GetBytes(frame).ToList();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.Insert(at, (byte)"[]{},:\"\\0-e."[random.Next(12)]);
                    break;
                case 2 when bytes.Count > 1:
                    bytes.RemoveAt(at);
                    break;
                default:
                    bytes.AddRange(bytes[at..]);
                    break;
            }
        }

        return [.. bytes];
    }
}
