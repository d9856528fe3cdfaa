using Holdfast.Testing.Clients;

namespace Holdfast.Testing.Tests.Clients;

public sealed class LiveNodeTests
{
    [Theory]
    [InlineData("<p>a</p>b<i></i>", "Element Text Element")]
    [InlineData("a<!--t-->b", "Text Text")]
    [InlineData("<!--e--><b></b>", "Text Element")]
    [InlineData("<!--c--><p></p><!--c-->x<!--/c--><!--/c-->y", "Component Text")]
    [InlineData("<!--m--><p></p><!--c--><!--/m-->", "Markup")]
    [InlineData("<!--somebody's-->x", "Text")]
    [InlineData("", "")]
    public void Nodes_are_counted_as_the_protocol_says(string html, string kinds) =>
        string.Join(' ', LiveDocument.Of(html).Nodes.Select(node => node.Kind)).ShouldBe(kinds);

    [Fact]
    public void The_rows_of_an_implied_tbody_are_the_tables()
    {
        var page = LiveDocument.Of("<table><caption></caption><tbody data-hf-implied><tr></tr><!--c--><tr></tr><!--/c--></tbody></table>");

        var table = LiveNode.Of(page.Get("table"));

        table.Select(node => node.Kind).ShouldBe([LiveNodeKind.Element, LiveNodeKind.Element, LiveNodeKind.Component]);
    }

    [Fact]
    public void Components_are_numbered_in_document_order_and_not_in_markup_blocks()
    {
        var page = LiveDocument.Of(
            "<!--c--><p><!--c--><!--/c--></p><!--/c--><!--m--><i><!--c--></i><!--/m--><!--c--><!--/c-->");

        page.ComponentNumbers.Order().ShouldBe([0, 1, 2, 3]);
    }

    [Fact]
    public void A_marker_without_its_end_is_told() =>
        Should.Throw<MalformedLiveHtmlException>(() => LiveDocument.Of("<!--c--><p></p>")).Message.ShouldContain("<!--/c-->");

    [Fact]
    public void A_page_without_a_live_part_is_told() =>
        Should.Throw<MalformedLiveHtmlException>(() => LiveDocument.Parse("<title>Login</title>")).Message.ShouldContain("Login");

    [Fact]
    public void Ticket_and_socket_come_from_the_script()
    {
        var page = LiveDocument.Parse(
            "<body><!--holdfast--><!--/holdfast--><script id=\"holdfast\" data-ticket=\"t1\" data-socket=\"/app/_holdfast\"></script>");

        page.Ticket.ShouldBe("t1");
        page.Socket.ShouldBe("/app/_holdfast");
    }
}
