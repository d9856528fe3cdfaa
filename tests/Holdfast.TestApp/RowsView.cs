using Microsoft.AspNetCore.Components.Web;

namespace Holdfast.TestViews;

/// <summary>One row of a list.</summary>
public sealed record Row(int Id, string Name);

/// <summary>A page with a list. It is changed by key events on <c>#op</c>, whose key is the command, so that nothing typed stays behind.</summary>
public abstract class RowsView : LiveView
{
    /// <summary>The rows.</summary>
    [Persist] public List<Row> Rows { get; set; } = [.. Enumerable.Range(1, 6).Select(id => new Row(id, $"row {id}"))];

    /// <summary>How often each row was hit.</summary>
    [Persist] public SortedDictionary<int, int> Hits { get; set; } = [];

    /// <summary>What was typed for each row.</summary>
    [Persist] public SortedDictionary<int, string> Notes { get; set; } = [];

    /// <summary>The last id that was given.</summary>
    [Persist] public int LastId { get; set; } = 6;

    /// <summary>All hits as text.</summary>
    protected string HitsText => string.Join(" ", Hits.Select(hit => $"{hit.Key}:{hit.Value}"));

    /// <summary>All notes as text.</summary>
    protected string NotesText => string.Join(" ", Notes.Select(note => $"{note.Key}:{note.Value}"));

    /// <summary>A row was clicked.</summary>
    public void Hit(int id) => Hits[id] = Hits.GetValueOrDefault(id) + 1;

    /// <summary>How often a row was hit.</summary>
    public int HitsOf(int id) => Hits.GetValueOrDefault(id);

    /// <summary>What was typed for a row.</summary>
    public string NoteOf(int id) => Notes.GetValueOrDefault(id, "");

    /// <summary>Takes what was typed for a row.</summary>
    public void Note(int id, string? text) => Notes[id] = text ?? "";

    /// <summary>Runs a command: <c>insert 2</c>, <c>remove 3</c>, <c>move 1 4</c>, <c>rename 2</c>, <c>reverse</c>, <c>clear</c>, <c>fill 200</c>.</summary>
    protected void Command(KeyboardEventArgs key)
    {
        var words = key.Key.Split(' ');
        var (first, second) = (Index(words, 1), Index(words, 2));
        switch (words[0])
        {
            case "insert":
                Rows.Insert(Math.Min(first, Rows.Count), new Row(++LastId, $"row {LastId}"));
                break;
            case "remove" when Rows.Count > 0:
                Rows.RemoveAt(first % Rows.Count);
                break;
            case "move" when Rows.Count > 0:
                var moved = Rows[first % Rows.Count];
                Rows.Remove(moved);
                Rows.Insert(second % (Rows.Count + 1), moved);
                break;
            case "rename" when Rows.Count > 0:
                var index = first % Rows.Count;
                Rows[index] = Rows[index] with { Name = Rows[index].Name + "'" };
                break;
            case "reverse":
                Rows.Reverse();
                break;
            case "clear":
                Rows.Clear();
                break;
            case "fill":
                Rows = [.. Enumerable.Range(LastId + 1, first).Select(id => new Row(id, $"row {id}"))];
                LastId += first;
                break;
        }
    }

    private static int Index(string[] words, int place) => words.Length > place ? int.Parse(words[place], System.Globalization.CultureInfo.InvariantCulture) : 0;
}
