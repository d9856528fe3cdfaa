using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Holdfast.Browser.Tests.Trees;

/// <summary>
/// Property: after the patches, the document in a real browser is what the server would render; nodes that keys name are the same nodes. The pages come out
/// of the library's own renderer and output, the patches are applied by the script's own modules.
/// </summary>
public sealed partial class TreeTests(Browser browser) : BrowserTest(browser)
{
    /// <summary>Where the seeds begin: page <c>i</c> has the seed <c>Seed + i</c>.</summary>
    private const int Seed = 20261121;

    private const int BatchSize = 250;

    private static readonly int Pages = Environment.GetEnvironmentVariable("HOLDFAST_LONG") == "1" ? 100_000 : 10_000;

    [Fact]
    public async Task After_random_changes_of_random_pages_the_document_is_what_the_server_would_render()
    {
        await OpenAsync();
        var witness = new Dictionary<string, int>();
        for (var first = 0; first < Pages; first += BatchSize)
        {
            var seeds = Enumerable.Range(Seed + first, BatchSize).ToArray();
            var states = new State[BatchSize][];
            await Parallel.ForAsync(0, BatchSize, async (i, _) => states[i] = await StatesAsync(seeds[i], SizeOf(seeds[i])));
            foreach (Match edit in states.SelectMany(page => page).SelectMany(state => state.Frames).SelectMany(frame => Edit().Matches(frame)))
            {
                witness[edit.Groups[1].Value] = witness.GetValueOrDefault(edit.Groups[1].Value) + 1;
            }

            if (await CheckAsync(states) is [var failure, ..])
            {
                Assert.Fail(await DescribeAsync(seeds[failure.Page]));
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", witness.Select(pair => $"{pair.Key}: {pair.Value}")));
        witness.Keys.Order().ShouldBe(["a", "i", "m", "p", "r", "t", "w", "x"]);
        witness.Values.ShouldAllBe(count => count > Pages / 20);
    }

    /// <summary>What random pages have found, made small.</summary>
    [Theory]
    [MemberData(nameof(TreeExamples.Names), MemberType = typeof(TreeExamples))]
    public async Task After_each_render_the_document_is_what_the_server_would_render(string example)
    {
        await OpenAsync();
        Part[] content = [new ExamplePart(TreeExamples.All[example])];
        var chance = new Chance(0);
        await using var page = await RandomPage.MountAsync(content, Scope.Of(content, chance));
        State[] states = [await StateAsync(page, []), await StateAsync(page, await page.NextAsync(chance)), await StateAsync(page, await page.NextAsync(chance))];

        (await CheckAsync([states])).ShouldBeEmpty();
        var scope = Scope.Of(content, chance);
        scope.Set(content[0], 2);
        await using var fresh = await RandomPage.MountAsync(content, scope);
        (await fresh.ShowAsync()).ShouldBe((states[2].Html, states[2].Digest));
    }

    private static int SizeOf(int seed) => 3 + (seed % 25);

    /// <summary>The states that one random page goes through.</summary>
    private static async Task<State[]> StatesAsync(int seed, int size)
    {
        var chance = new Chance(seed);
        var content = new Author(chance, size).Page();
        var scope = Scope.Of(content, chance);
        await using var page = await RandomPage.MountAsync(content, scope);
        var states = new List<State> { await StateAsync(page, []) };
        for (var updates = 1 + chance.Below(4); updates > 0; updates--)
        {
            states.Add(await StateAsync(page, await page.ChangeAsync(chance)));
        }

        // What the server would render: another instance of the same page knows nothing of how this one came to be.
        await using var fresh = await RandomPage.MountAsync(content, scope);
        (await fresh.ShowAsync()).ShouldBe((states[^1].Html, states[^1].Digest), $"Another instance of the page of seed {seed} shows something else.");
        return [.. states];
    }

    private static async Task<State> StateAsync(RandomPage page, string[] frames)
    {
        var (html, digest) = await page.ShowAsync();
        return new State(html, digest, frames);
    }

    /// <summary>Looks for a smaller page that fails, and shows how.</summary>
    private async Task<string> DescribeAsync(int seed)
    {
        for (var size = 1; ; size++)
        {
            foreach (var near in Enumerable.Range(seed, size < SizeOf(seed) ? 200 : 1))
            {
                var states = await StatesAsync(near, size);
                if (await CheckAsync([states]) is not [var failure, ..])
                {
                    continue;
                }

                var text = new StringBuilder().AppendLine($"The page of seed {seed} fails; so does that of seed {near}, size {size}, at state {failure.State}:");
                foreach (var state in states.Take(failure.State + 1))
                {
                    text.AppendJoin('\n', state.Frames).AppendLine().AppendLine(state.Html);
                }

                return text.AppendLine().Append(failure.What).ToString();
            }
        }
    }

    private async Task OpenAsync()
    {
        await Page.GotoAsync("about:blank");
        await Page.AddScriptTagAsync(new PageAddScriptTagOptions { Content = await BundleAsync() });
    }

    private async Task<Failure[]> CheckAsync(State[][] pages)
    {
        var failures = await Page.EvaluateAsync<string>("pages => JSON.stringify(holdfastTrees.check(JSON.parse(pages)))", JsonSerializer.Serialize(pages, JsonSerializerOptions.Web));
        return [.. JsonSerializer.Deserialize<JsonElement[][]>(failures)!.Select(failure => new Failure(failure[0].GetInt32(), failure[1].GetInt32(), failure[2].GetString()!))];
    }

    /// <summary>The script's modules, with what compares documents.</summary>
    private static async Task<string> BundleAsync()
    {
        var client = Path.Combine(FindRoot(), "src", "Holdfast", "Client");
        using var node = Process.Start(new ProcessStartInfo("node", [Path.Combine("tests", "trees.mjs")])
        {
            WorkingDirectory = client,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = node.StandardError.ReadToEndAsync(Deadline);
        var bundle = await node.StandardOutput.ReadToEndAsync(Deadline);
        await node.WaitForExitAsync(Deadline);
        node.ExitCode.ShouldBe(0, $"The script's modules could not be bundled. Run 'npm ci' in '{client}' first. {await errors}");
        return bundle;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Holdfast.slnx")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException(
                $"No folder above '{AppContext.BaseDirectory}' has a 'Holdfast.slnx'. The script's sources are found from there. Run the tests where they were built.");
        }

        return folder.FullName;
    }

    /// <summary>The kind of an edit.</summary>
    [GeneratedRegex("""[,\[]\["([timraxwp])",[\d\[]""")]
    private static partial Regex Edit();

    /// <summary>What a page must show, and the patches that lead there from what it showed before.</summary>
    private sealed record State(string Html, string Digest, string[] Frames);

    /// <summary>What is wrong. The state is −1 where it is the adoption of the last one.</summary>
    private sealed record Failure(int Page, int State, string What);
}
