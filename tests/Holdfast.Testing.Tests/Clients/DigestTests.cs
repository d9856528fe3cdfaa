using System.Text.Json;
using Holdfast.Testing.Clients;

namespace Holdfast.Testing.Tests.Clients;

public sealed class DigestTests
{
    /// <summary>Frozen: computed once by a separate few lines that feed the units by hand.</summary>
    [Theory]
    [InlineData("", "811c9dc59e3779b9")]
    [InlineData("<p>Hi</p>", "3439fb399ae0a3fd")]
    [InlineData("<button id=\"add\" data-hf=\"click:AbCdEf\">+1</button>", "cb6715e3af01eb67")]
    [InlineData("<!--c--><!--e--><br><!--/c--><!--m--><p>a &amp; b<br></p><!--/m-->😀", "89d5514d7a363441")]
    [InlineData("<table><tbody data-hf-implied><tr><td>1</td></tr></tbody></table>", "47d7cc7104efc8ed")]
    [InlineData("<textarea>a&lt;b</textarea><textarea></textarea>", "8bede569e131c065")]
    public void A_page_has_the_digest_of_the_specification(string html, string digest) =>
        LiveDocument.Of(html).Digest.ShouldBe(digest);

    /// <summary>The vectors that the script's tests read too.</summary>
    [Fact]
    public void The_shared_vectors_hold_here_too()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "vectors", "digest.json");
        Assert.SkipUnless(File.Exists(path), "tests/vectors/digest.json does not exist");
        foreach (var vector in JsonElement.Parse(File.ReadAllText(path)).EnumerateArray())
        {
            LiveDocument.Of(vector.GetProperty("html").GetString()!).Digest
                .ShouldBe(vector.GetProperty("digest").GetString(), vector.GetProperty("name").GetString());
        }
    }

    [Fact]
    public void The_order_of_attributes_does_not_count() =>
        LiveDocument.Of("<a id=\"x\" class=\"y\"></a>").Digest.ShouldBe(LiveDocument.Of("<a class=\"y\" id=\"x\"></a>").Digest);

    [Theory]
    [InlineData("<a id=\"x\" class=\"y\"></a>", "<a id=\"y\" class=\"x\"></a>")]
    [InlineData("ab", "a<!--t-->b")]
    [InlineData("<!--c-->a<!--/c-->", "a")]
    [InlineData("<!--e-->", "")]
    [InlineData("<b>a</b>c", "<b></b>ac")]
    public void Pages_that_differ_have_different_digests(string one, string other) =>
        LiveDocument.Of(one).Digest.ShouldNotBe(LiveDocument.Of(other).Digest);
}
