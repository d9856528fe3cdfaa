using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Docs;

/// <summary>That the documents which walk through the code speak of code that is there: each <c>`Symbol` in `path`</c>.</summary>
public sealed partial class TourTests
{
    private static readonly string Root = FindRoot();

    public static TheoryData<string> Documents =>
        [Path.Combine("docs", "tour.md"), .. Directory.EnumerateFiles(Path.Combine(Root, "docs", "decisions"), "*.md").Order().Select(file => Path.GetRelativePath(Root, file))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_named_symbol_is_in_the_named_file(string document)
    {
        var wrong = ReferencesOf(document)
            .Where(reference => !Contains(Path.Combine(Root, reference.Path), reference.Symbol))
            .Select(reference => $"`{reference.Symbol}` in `{reference.Path}`");

        wrong.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_named_file_exists(string document)
    {
        var missing = NamedFile().Matches(Read(document)).Select(match => match.Groups[1].Value).Where(path => !File.Exists(Path.Combine(Root, path)));

        missing.ShouldBeEmpty();
    }

    [Fact]
    public void The_tour_has_ten_steps_and_each_names_code()
    {
        var steps = Step().Split(Read(Path.Combine("docs", "tour.md"))).Skip(1).ToList();

        steps.Count.ShouldBe(10);
        steps.ShouldAllBe(step => Reference().IsMatch(step));
    }

    private static IEnumerable<(string Symbol, string Path)> ReferencesOf(string document) =>
        Reference().Matches(Read(document)).Select(match => (match.Groups["symbol"].Value, match.Groups["path"].Value));

    private static bool Contains(string file, string symbol) =>
        File.Exists(file) && Regex.IsMatch(File.ReadAllText(file), $@"(?<!\w){Regex.Escape(symbol)}(?!\w)");

    private static string Read(string document) => File.ReadAllText(Path.Combine(Root, document));

    internal static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "docs", "tour.md")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException(
                $"docs/tour.md was not found above '{AppContext.BaseDirectory}'. These tests read the repository. Run them in a checkout.");
        }

        return directory.FullName;
    }

    [GeneratedRegex(@"`(?<symbol>[^`\s]+)`\s+in\s+`(?<path>[^`\s]+\.\w+)`")]
    private static partial Regex Reference();

    [GeneratedRegex(@"`((?:src|tests|samples|docs|bench)/[^`\s*…]+\.\w+)`")]
    private static partial Regex NamedFile();

    [GeneratedRegex(@"^## \d+\. ", RegexOptions.Multiline)]
    private static partial Regex Step();
}
