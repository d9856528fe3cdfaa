using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.Docs;

/// <summary>That the code in the documents is code that is compiled: each block after a comment with a path stands in that file.</summary>
public sealed partial class SnippetTests
{
    private static readonly string Root = TourTests.FindRoot();

    public static TheoryData<string, string, string> Snippets =>
    [
        .. from document in Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories).Append(Path.Combine(Root, "README.md")).Order()
           from Match snippet in Snippet().Matches(File.ReadAllText(document))
           select (Path.GetRelativePath(Root, document), snippet.Groups["path"].Value, snippet.Groups["code"].Value),
    ];

    [Theory]
    [MemberData(nameof(Snippets))]
    public void A_snippet_is_in_the_file_it_is_from(string document, string path, string code) =>
        Normalised(File.ReadAllText(Path.Combine(Root, path))).ShouldContain(Normalised(code), customMessage: $"{document} shows what is not in {path}.");

    [Theory]
    [InlineData("getting-started.md")]
    [InlineData("forms.md")]
    [InlineData("versions.md")]
    [InlineData("deploying.md")]
    [InlineData("state.md")]
    [InlineData("what-is-stored.md")]
    public void A_guide_has_some(string guide) => Snippets.Select(row => row.Data.Item1).ShouldContain(Path.Combine("docs", "guides", guide));

    /// <summary>Lines without the indentation that the file has around them.</summary>
    private static string Normalised(string code) => string.Join('\n', code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));

    [GeneratedRegex(@"<!-- (?<path>[\w./-]+) -->\r?\n```\w*\r?\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Snippet();
}
