using System.Text.Json;

namespace Holdfast.Browser.Tests.Trees;

/// <summary>Writes random pages of what authors write: each kind of part only where HTML lets it stand.</summary>
/// <param name="chance">What it is led by.</param>
/// <param name="size">About how many parts it may write.</param>
internal sealed class Author(Chance chance, int size)
{
    /// <summary>How deep pages are at most. Chosen: deep enough for a loop in a component in a table cell in a region.</summary>
    private const int MaxDepth = 7;

    private static readonly string[] Texts =
        ["", "", "a", "some words", "<&>\"'", "ä 日本 😀", " ", "\n", "two\nlines", "cr\rlf\r\n", "\u00a0", " around ", "]]>", "&amp;", "--", "0"];

    private static readonly string[] Spaces = ["\n", "\n    ", " "];

    private static readonly string[] FlowMarkups =
        ["", " ", "\n", "<b>bold</b>", "plain", "<i>1</i><i>2</i>", "text <em>em</em> tail", "<br>", "a<!--c-->b", "<ul><li>1</li><li>2</li></ul>", "<hr>", "&lt;tag&gt; &amp; more", "<p class=\"x\">p</p>",
         "<img alt='' />", "<input disabled>", "<table><tbody><tr><td>1</td></tr></tbody></table>"];

    private static readonly string[] PhrasingMarkups = ["", " ", "<b>bold</b>", "plain", "<i>1</i> <i>2</i>", "<br>", "© 1", "a<!--m-->b<!--/m-->"];

    private readonly Chance _chance = chance;
    private int _left = size;
    private int _sequence;

    /// <summary>Where a part stands, which says what may stand there.</summary>
    private enum Place
    {
        Flow, Phrasing, List, Table, Body, Row, Columns, Options, Drawing,
    }

    public Part[] Page() => [.. Several(Place.Flow, 0, least: 1)];

    private int Next() => _sequence += 10;

    private List<Part> Several(Place place, int depth, int least = 0)
    {
        var parts = new List<Part>();
        var count = least + _chance.Below(depth > MaxDepth ? 1 : 5);
        for (var i = 0; i < count && (_left > 0 || i < least); i++)
        {
            parts.Add(One(place, depth));
        }

        if (parts.Any(part => part.DisturbsNodes))
        {
            parts.ForEach(part => part.Unmark());
        }

        return parts;
    }

    private Part One(Place place, int depth)
    {
        _left--;
        var isDeep = depth >= MaxDepth || _left <= 0;
        switch (_chance.Below(isDeep ? 60 : 100))
        {
            case < 16 when HoldsText(place):
                return new TextPart(Next(), Texts);
            case < 24:
                return Markup(place);
            case < 62:
                return Element(place, depth);
            case < 72:
                return new ConditionPart(Next(), [.. Several(place, depth + 1, 1)], [.. Several(place, depth + 1)]);
            case < 84:
                return Loop(place, depth);
            case < 90:
                return new RegionPart(Next(), [.. Several(place, depth + 1)]);
            default:
                return Component(place, depth);
        }
    }

    private static bool HoldsText(Place place) => place is Place.Flow or Place.Phrasing or Place.Drawing;

    private MarkupPart Markup(Place place) => new(Next(), place switch
    {
        Place.Flow => FlowMarkups,
        Place.Phrasing => PhrasingMarkups,
        Place.List => [.. Spaces, "<li>m</li>", "<li>1</li><li>2</li>"],
        Place.Table => [.. Spaces, "<tr><td>m</td></tr>", "<tbody><tr><td>m</td></tr></tbody>", ""],
        Place.Body => [.. Spaces, "<tr><td>m</td></tr>", "<tr><td>1</td></tr><tr><td>2</td></tr>", ""],
        Place.Row => [.. Spaces, "<td>m</td>", "<th>1</th><td>2</td>"],
        Place.Options => Spaces,
        Place.Drawing => [.. Spaces, "<circle r=\"1\"></circle>"],
        _ => Spaces,
    });

    private ComponentPart Component(Place place, int depth)
    {
        var sequence = Next();
        var outer = _sequence;
        _sequence = 0;
        var part = new ComponentPart(sequence, _chance.Percent(40) ? typeof(RandomView) : typeof(RandomComponent), [.. Several(place, depth + 1)]);
        _sequence = outer;
        return part;
    }

    private LoopPart Loop(Place place, int depth)
    {
        var sequence = Next();
        if (!_chance.Percent(65))
        {
            return new LoopPart(sequence, [.. Several(place, depth + 1, 1)], isKeyed: false);
        }

        Part keyed = _chance.Percent(30) ? Component(place, depth) : Element(place, depth, isRow: true);
        var loop = new LoopPart(sequence, [keyed], isKeyed: true);
        if (keyed is ComponentPart component)
        {
            component.Loop = loop;
        }
        else
        {
            ((ElementPart)keyed).Loop = loop;
        }

        return loop;
    }

    private ElementPart Element(Place place, int depth, bool isRow = false) => place switch
    {
        Place.Flow => _chance.Below(12) switch
        {
            0 => Of("p", Place.Phrasing, depth, isRow),
            1 => Of("ul", Place.List, depth, isRow),
            2 or 3 => Of("table", Place.Table, depth, isRow),
            4 => Drawing(depth, isRow),
            5 => Of("pre", Place.Phrasing, depth, isRow),
            6 => Of("details", Place.Flow, depth, isRow, ("open", [null, true])),
            7 => RawText("style", ["", "b { color: red }", "a > b { }"], depth, isRow),
            8 or 9 => Control(depth, isRow),
            _ => Of(_chance.Of("div", "section", "article"), Place.Flow, depth, isRow),
        },
        Place.Phrasing => _chance.Below(6) switch
        {
            0 or 1 => Control(depth, isRow),
            _ => Of(_chance.Of("span", "em", "b", "label"), Place.Phrasing, depth, isRow),
        },
        Place.List => Of("li", Place.Flow, depth, isRow),
        Place.Table => _chance.Below(10) switch
        {
            0 => Of("caption", Place.Phrasing, depth, isRow),
            1 => Of("col", null, depth, isRow, ("span", [null, 1, 2])),
            2 => Of("colgroup", Place.Columns, depth, isRow),
            3 => Of("thead", Place.Body, depth, isRow),
            4 or 5 => Of("tbody", Place.Body, depth, isRow),
            _ => Of("tr", Place.Row, depth, isRow),
        },
        Place.Body => Of("tr", Place.Row, depth, isRow),
        Place.Row => Of(_chance.Of("td", "td", "th"), Place.Flow, depth, isRow),
        Place.Columns => Of("col", null, depth, isRow, ("span", [null, 1, 2])),
        Place.Options => _chance.Percent(15)
            ? Of("optgroup", null, depth, isRow, [("label", ["g", "h"])], [Option(isRow: false), Option(isRow: false)])
            : Option(isRow),
        _ => _chance.Below(5) switch
        {
            0 => Of("foreignObject", Place.Flow, depth, isRow),
            1 => Of("circle", null, depth, isRow, ("r", [1, 2, null])),
            2 => Of("linearGradient", null, depth, isRow, ("gradientUnits", ["userSpaceOnUse", null])),
            3 => Of("text", null, depth, isRow, [], [new TextPart(Next(), Texts)]),
            _ => Of("g", Place.Drawing, depth, isRow),
        },
    };

    private ElementPart Control(int depth, bool isRow) => _chance.Below(6) switch
    {
        0 => Of("input", null, depth, isRow, ("type", ["text"]), ("value", [null, "", "one", "two \"2\""])),
        1 => Of("input", null, depth, isRow, ("type", ["checkbox"]), ("checked", [null, false, true])),
        2 => _chance.Percent(50)
            ? Of("textarea", null, depth, isRow, ("value", [null, "", "one", "\ntwo\nlines", "<b>&amp;"]))
            : RawText("textarea", ["", "one", "\n", "two\n", "</b>&lt;"], depth, isRow),
        3 => Of("button", null, depth, isRow, [("disabled", [null, true])], [new TextPart(Next(), Texts)]),
        4 => Select(depth, isRow, ("value", [null, "o0", "o1", "o2", "o9"])),
        _ => Select(depth, isRow, ("multiple", [true]), ("value", [null, .. Lists])),
    };

    private static readonly object?[] Lists = [.. ((string[][])[[], ["o1"], ["o0", "o2"], ["o1", "o2", "o9"]]).Select(list => JsonSerializer.Serialize(list))];

    private ElementPart Select(int depth, bool isRow, params (string, object?[])[] values) =>
        Of("select", Place.Options, depth, isRow, values);

    private ElementPart Option(bool isRow) =>
        _chance.Percent(70)
            ? Of("option", null, MaxDepth, isRow, [("value", ["o0", "o1", "o2", "o3"])], [new TextPart(Next(), ["zero", "one"])])
            : Of("option", null, MaxDepth, isRow, [], [new TextPart(Next(), ["o0", "o1", "o2"])]);

    private ElementPart Drawing(int depth, bool isRow) =>
        Of("svg", Place.Drawing, depth, isRow, ("viewBox", ["0 0 1 1", "0 0 2 2", null]));

    /// <summary>An element in which all is one text, of several parts.</summary>
    private ElementPart RawText(string name, string[] texts, int depth, bool isRow)
    {
        var content = new List<Part>();
        for (var i = _chance.Below(3); i >= 0; i--)
        {
            Part text = new TextPart(Next(), texts);
            content.Add(_chance.Percent(25) ? new ConditionPart(Next(), [text], []) : text);
        }

        return Of(name, null, depth, isRow, [], content);
    }

    private ElementPart Of(string name, Place? inside, int depth, bool isRow, params (string Name, object?[] Values)[] attributes) =>
        Of(name, inside, depth, isRow, attributes, null);

    private ElementPart Of(string name, Place? inside, int depth, bool isRow, (string Name, object?[] Values)[] attributes, List<Part>? content)
    {
        var sequence = Next();
        var isKeyed = !isRow && _chance.Percent(10);
        var parts = attributes.Select(attribute => (Part)new AttributePart(Next(), attribute.Name, attribute.Values)).ToList();
        if (_chance.Percent(30))
        {
            parts.Add(new AttributePart(Next(), "class", [null, "", "one", "one two"]));
        }

        if (_chance.Percent(15))
        {
            parts.Add(new AttributePart(Next(), "title", [null, "<\"&\">", "line\nbreak", "cr\r"]));
        }

        if (_chance.Percent(15))
        {
            parts.Add(new AttributePart(Next(), "style", [null, "", "color: red", "color:RED;top:1px"]));
        }

        if (_chance.Percent(10))
        {
            parts.Add(new AttributePart(Next(), "hidden", [null, false, true]));
        }

        if (_chance.Percent(25))
        {
            parts.Add(new HandlerPart(Next(), "onclick"));
        }

        if (_chance.Percent(10))
        {
            parts.Add(new HandlerPart(Next(), "onkeydown"));
        }

        // The content was made before the element where it was given: its sequences are the content's own, and only have to rise.
        content ??= inside is { } place ? Several(place, depth + 1) : [];
        return new ElementPart(sequence, name, [.. parts], [.. content], _chance.Percent(70), isKeyed);
    }
}
