using System.Text.Json;
using AngleSharp.Dom;
using Holdfast.Testing.Clients;

namespace Holdfast.Testing.Tests.Clients;

public sealed class PatchTests
{
    [Theory]
    [InlineData("<p>a</p>", """[[0,0,["t",0,"b"],-1]]""", "<p>b</p>")]
    [InlineData("<p><!--e--></p>", """[[0,0,["t",0,"b"]]]""", "<p>b</p>")]
    [InlineData("<p>a</p>", """[[0,["a",0,"class","x"],["x",0,"id"]]]""", "<p class=\"x\">a</p>")]
    [InlineData("<!--m--><i></i>old<!--/m-->", """[[0,["m",0,"<!--m--><b>new</b><!--/m-->"]]]""", "<!--m--><b>new</b><!--/m-->")]
    [InlineData("<b></b>", """[[0,["i",0,"<a></a>"],["i",2,"text"]]]""", "<a></a><b></b>text")]
    [InlineData("<b></b><i></i>x", """[[0,["r",1],["r",0]]]""", "x")]
    [InlineData("", """[[0,["i",0,"<p></p>"],0,["i",0,"x"],-1,["i",1,"y"]]]""", "<p>x</p>y")]
    [InlineData("<!--c-->a<!--/c-->b", """[[1,["t",0,"A"]],[0,["t",1,"B"]]]""", "<!--c-->A<!--/c-->B")]
    [InlineData("<!--c--><!--/c-->", """[[1,["i",0,"x"]]]""", "<!--c-->x<!--/c-->")]
    [InlineData("<!--c--><b></b><!--/c-->y", """[[0,["r",0]]]""", "y")]
    [InlineData("<textarea>a</textarea>", """[[0,["w",0,"<b>"]]]""", "<textarea>&lt;b&gt;</textarea>")]
    [InlineData("<table><tbody data-hf-implied><tr></tr></tbody></table>", """[[0,0,["i",0,"<tr id=\"a\"></tr>"],1,["i",0,"<td>1</td>"]]]""",
        "<table><tbody data-hf-implied=\"\"><tr id=\"a\"></tr><tr><td>1</td></tr></tbody></table>")]
    [InlineData("<svg></svg>", """[[0,0,["i",0,"<linearGradient></linearGradient>"]]]""", "<svg><linearGradient></linearGradient></svg>")]
    [InlineData("<select></select>", """[[0,0,["i",0,"<option value=\"1\">one</option>"]]]""", "<select><option value=\"1\">one</option></select>")]
    public void An_edit_changes_the_page(string before, string patch, string after)
    {
        var page = LiveDocument.Of(before);

        page.Apply(JsonElement.Parse(patch));

        page.Html.ShouldBe(after);
    }

    [Theory]
    [InlineData("[0,2,2,0]", "CBAD")]
    [InlineData("[0,1,1,2,2,3,3,0]", "DABC")]
    [InlineData("[3,0,0,3]", "DBCA")]
    public void A_permutation_moves_nodes_numbered_before_it(string moves, string expected)
    {
        var page = LiveDocument.Of("<ul><li>A</li><!--c--><li>B</li><!--/c--><li>C</li><!--m--><li>D</li><!--/m--></ul>");

        page.Apply(JsonElement.Parse($"""[[0,0,["p",{moves}]]]"""));

        page.Text("ul").ShouldBe(expected);
        page.Apply(JsonElement.Parse("""[[1,0,["t",0,"b"]]]"""));
        page.Text("ul").ShouldBe(expected.Replace('B', 'b'));
    }

    [Fact]
    public void Inserted_components_continue_the_numbering_and_removed_ones_keep_theirs_for_nobody()
    {
        var page = LiveDocument.Of("<!--c-->one<!--/c-->");

        page.Apply(JsonElement.Parse(
            """[[0,["i",0,"<div><!--c--><!--c-->three<!--/c--><!--/c--></div>"],["r",1]],[3,["t",0,"drei"]]]"""));

        page.Text("div").ShouldBe("drei");
        page.ComponentNumbers.Order().ShouldBe([0, 2, 3]);
    }

    [Theory]
    [InlineData("""[[7,["r",0]]]""", "component 7")]
    [InlineData("""[[0,["r",3]]]""", "do not fit")]
    [InlineData("""[[0,["t",0,"x"]]]""", "is a Element")]
    [InlineData("""[[0,["i",0,"<p></p><p></p>"]]]""", "2 nodes")]
    [InlineData("""[[0,["q",0]]]""", "kind 'q'")]
    public void A_patch_that_does_not_fit_is_told(string patch, string told) =>
        Should.Throw<MalformedLiveHtmlException>(() => LiveDocument.Of("<p></p>").Apply(JsonElement.Parse(patch)))
            .Message.ShouldContain(told);

    [Fact]
    public void Adoption_keeps_the_elements_that_agree()
    {
        var page = LiveDocument.Of("<p>a</p><input id=\"i\"><b></b>");
        var (paragraph, input) = (page.Get("p"), page.Get("#i"));

        page.Adopt("<p class=\"x\">b</p><i></i><input id=\"i\"><!--c-->c<!--/c-->");

        page.Html.ShouldBe("<p class=\"x\">b</p><i></i><input id=\"i\"><!--c-->c<!--/c-->");
        page.Get("p").ShouldBeSameAs(paragraph);
        page.Get("#i").ShouldBeSameAs(input);
        page.ComponentNumbers.ShouldContain(1);
    }

    /// <summary>Random pages: adopting B over A shows B, whatever A was.</summary>
    [Fact]
    public void Adoption_always_ends_at_the_html_it_was_given()
    {
        var random = new Random(20);
        for (var round = 0; round < 300; round++)
        {
            var (before, after) = (RandomHtml(random, 3), RandomHtml(random, 3));
            var page = LiveDocument.Of(before);

            page.Adopt(after);

            page.Html.ShouldBe(LiveDocument.Of(after).Html, $"{before} -> {after}");
            page.Digest.ShouldBe(LiveDocument.Of(after).Digest);
        }
    }

    private static string RandomHtml(Random random, int depth)
    {
        var html = "";
        for (var i = random.Next(4); i > 0; i--)
        {
            html += random.Next(depth > 0 ? 7 : 4) switch
            {
                0 => "text<!--t-->",
                1 => "<!--e-->",
                2 => $"<input id=\"i{random.Next(1000)}\" value=\"{random.Next(9)}\">",
                3 => "<!--m--><u>x</u><!--/m-->",
                4 => $"<!--c-->{RandomHtml(random, depth - 1)}<!--/c-->",
                5 => $"<div class=\"{random.Next(2)}\">{RandomHtml(random, depth - 1)}</div>",
                _ => $"<section>{RandomHtml(random, depth - 1)}</section>",
            };
        }

        return html;
    }
}
