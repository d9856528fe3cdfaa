using System.Net;
using System.Text;

namespace Holdfast.Tests.Posts;

public class HostilePostTests
{
    private static readonly int Posts = Environment.GetEnvironmentVariable("HOLDFAST_LONG") == "1" ? 20_000 : 5_000;

    private static readonly (string Page, string Button)[] Forms =
        [("/counter", "#up"), ("/scopes", "#all"), ("/posts/controls", "#save"), ("/posts/rows", "[data-row=b] .keyed"), ("/posts/letter", "#send")];

    [Fact]
    public async Task Whatever_is_posted_gets_a_documented_answer_and_harms_nobody()
    {
        await using var world = await World.StartAsync();
        var victim = await world.OpenFormAsync("/counter");
        await victim.PressAsync("#up");

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(index => AttackAsync(world, new Random(2000 + index), Posts / 4)));
        var counts = answers.SelectMany(statuses => statuses).GroupBy(status => status).ToDictionary(group => group.Key, group => group.Count());
        counts.Keys.ShouldBeSubsetOf([HttpStatusCode.OK, HttpStatusCode.SeeOther, HttpStatusCode.BadRequest, HttpStatusCode.Conflict, HttpStatusCode.RequestEntityTooLarge]);
        counts[HttpStatusCode.SeeOther].ShouldBeGreaterThan(Posts / 20); // Witnesses that not all is refused at the door.
        counts[HttpStatusCode.Conflict].ShouldBeGreaterThan(Posts / 100);
        counts[HttpStatusCode.BadRequest].ShouldBeGreaterThan(Posts / 20);

        await victim.OpenAsync("/counter");
        victim.Text("#count").ShouldBe("1");
        await victim.PressAsync("#up");
        victim.Text("#count").ShouldBe("2");
    }

    private static async Task<List<HttpStatusCode>> AttackAsync(World world, Random random, int posts)
    {
        var statuses = new List<HttpStatusCode>();
        var cookies = new CookieContainer();
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = cookies }) { BaseAddress = world.Address };
        var bodies = new List<(string Page, List<KeyValuePair<string, string>> Fields)>();
        for (var i = 0; i < posts; i++)
        {
            if (i % 100 == 0)
            {
                bodies.Clear();
                foreach (var (page, button) in Forms)
                {
                    using var client = new FormClient(new ProtocolClientOptions { BaseAddress = world.Address, Cookies = cookies });
                    await client.OpenAsync(page);
                    if (client.Document.QuerySelector(button) is not null)
                    {
                        bodies.Add((page, client.FieldsOf(button)));
                    }
                }
            }

            var (target, fields) = bodies[random.Next(bodies.Count)];
            using var content = Mutate(random, [.. fields]);
            using var request = new HttpRequestMessage(HttpMethod.Post, random.Next(20) == 0 ? bodies[random.Next(bodies.Count)].Page : target) { Content = content };
            using var response = await http.SendAsync(request);
            statuses.Add(response.StatusCode);
        }

        return statuses;
    }

    private static HttpContent Mutate(Random random, List<KeyValuePair<string, string>> fields)
    {
        for (var mutations = random.Next(1, 4); mutations > 0; mutations--)
        {
            var index = random.Next(fields.Count);
            var (name, value) = fields[index];
            switch (random.Next(11))
            {
                case 0:
                    fields.RemoveAt(index);
                    break;
                case 1:
                    fields.Add(fields[index]);
                    break;
                case 2:
                    fields[index] = KeyValuePair.Create(name, Noise(random));
                    break;
                case 3:
                    fields[index] = KeyValuePair.Create(Noise(random), value);
                    break;
                case 4 when value.Length > 0:
                    fields[index] = KeyValuePair.Create(name, Flip(random, value));
                    break;
                case 5:
                    fields.Add(KeyValuePair.Create($"hf:click:{Noise(random)}", ""));
                    break;
                case 6:
                    fields.Add(KeyValuePair.Create("hf:" + Flip(random, "AAAAAA"), Noise(random)));
                    break;
                case 7:
                    fields.Add(KeyValuePair.Create("holdfast-tab", Noise(random)));
                    break;
                case 8:
                    fields.Add(KeyValuePair.Create("holdfast", fields[random.Next(fields.Count)].Value));
                    break;
                case 9:
                    fields.Add(KeyValuePair.Create("hf:submit:" + Flip(random, "AAAAAA"), "x"));
                    break;
                default:
                    fields.Add(KeyValuePair.Create("n", Noise(random))); // Another form, by its key.
                    break;
            }

            if (fields.Count == 0)
            {
                break;
            }
        }

        return random.Next(12) switch
        {
            0 => new ByteArrayContent([.. Enumerable.Range(0, random.Next(300)).Select(_ => (byte)random.Next(256))]) { Headers = { { "Content-Type", "application/x-www-form-urlencoded" } } },
            1 => new StringContent(string.Join("&", fields.Select(field => $"{field.Key}={field.Value}")), Encoding.Latin1, "application/x-www-form-urlencoded"),
            2 => new StringContent("--b\r\nContent-Disposition: form-data; name=holdfast\r\n\r\n" + Noise(random), Encoding.UTF8) { Headers = { ContentType = new("multipart/form-data") { Parameters = { new("boundary", "b") } } } },
            3 => new StringContent(Noise(random), Encoding.UTF8, "text/plain"),
            _ => new FormUrlEncodedContent(fields),
        };
    }

    private static string Flip(Random random, string text)
    {
        var letters = text.ToCharArray();
        letters[random.Next(letters.Length)] = (char)random.Next(32, 127);
        return new string(letters);
    }

    private static string Noise(Random random) => random.Next(6) switch
    {
        0 => "",
        1 => new string('x', random.Next(1, 100_000)),
        2 => "\0\r\n\t\u0001",
        3 => "😀ÿ\u202e\ufffd",
        4 => random.Next(int.MinValue, int.MaxValue).ToString(),
        _ => string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => (char)random.Next(32, 0x250))),
    };
}
