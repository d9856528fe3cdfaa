using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Protocol;
using Holdfast.Rendering;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Posts;

/// <summary>What a browser posted: which handlers are to run, and what the controls say.</summary>
internal sealed class PostedForm
{
    /// <summary>The field in which the script names its tab.</summary>
    public const string TabField = "holdfast-tab";

    private const string Click = ServedPage.NamePrefix + "click:";
    private const string Submit = ServedPage.NamePrefix + "submit:";

    private readonly FormState _state;
    private readonly IFormCollection _fields;

    public PostedForm(FormState state, IFormCollection fields)
    {
        _state = state;
        _fields = fields;
        Key = KeyOf(fields);
        Events = [.. EventsOf()];
        Tab = fields[TabField].ToString() is var tab && ClientFrame.IsId(tab) ? tab : null;
    }

    public FormState State => _state;

    /// <summary>The same for the same bytes posted again: the one-time key. What a form carries is random, so it differs from any other.</summary>
    public string Key { get; }

    /// <summary>The addresses of the handlers that are to run, in order. An empty one runs nothing, but what was typed counts.</summary>
    public IReadOnlyList<string> Events { get; }

    /// <summary>The tab, when a script names it.</summary>
    public string? Tab { get; }

    /// <summary>What the controls say that the page does not show now.</summary>
    /// <param name="forms">What the page shows now.</param>
    public List<FieldEntry> Changes(IEnumerable<ServedForm> forms)
    {
        var shown = forms.SelectMany(form => form.Controls).GroupBy(control => control.Address).ToDictionary(group => group.Key, group => group.First());
        var changes = new List<FieldEntry>();
        foreach (var sameName in _state.Controls.GroupBy(control => control.Name))
        {
            var controls = sameName.ToList();
            for (var i = 0; i < controls.Count; i++)
            {
                if (shown.TryGetValue(controls[i].Address, out var now) && TryRead(controls, i, out var value, out var posted) && posted != now.Shown)
                {
                    changes.Add(new FieldEntry(controls[i].Address, value, IsSettled: posted == controls[i].Shown));
                }
            }
        }

        return changes;
    }

    /// <summary>Reads what one of the controls of a name posted.</summary>
    private bool TryRead(List<ServedControl> controls, int index, out object value, out uint posted)
    {
        var control = controls[index];
        var values = _fields[control.Name];
        switch (control.Kind)
        {
            case ControlKind.CheckBox:
                var isChecked = values.Any(text => ServedControl.HashOf(text) == control.Value);
                (value, posted) = (isChecked, isChecked ? 1u : 0);
                return true;
            case ControlKind.Radio:
                var text = values.FirstOrDefault(text => ServedControl.HashOf(text) == control.Value);
                (value, posted) = (text ?? "", 1);
                return text is not null;
            case ControlKind.List:
                string[] chosen = [.. values.OfType<string>()];
                (value, posted) = (chosen, ServedControl.HashOf(string.Join('\n', chosen)));
                return true;
            default:
                var single = values.Count == controls.Count ? values[index]!.Replace("\r\n", "\n", StringComparison.Ordinal) : "";
                (value, posted) = (single, ServedControl.HashOf(single));
                return values.Count == controls.Count;
        }
    }

    private IEnumerable<string> EventsOf()
    {
        var clicked = _fields.Keys.FirstOrDefault(name => name.StartsWith(Click, StringComparison.Ordinal));
        if (clicked is not null)
        {
            yield return AddressIn(clicked, Click);
            yield break;
        }

        if (_fields.Keys.FirstOrDefault(name => name.StartsWith(Submit, StringComparison.Ordinal)) is { } submitter)
        {
            yield return AddressIn(submitter, Submit);
        }

        yield return _state.Submit ?? "";
    }

    /// <summary>An image button posts its coordinates, after a dot.</summary>
    private static string AddressIn(string name, string prefix) => name[prefix.Length..].Split('.')[0];

    private static bool IsPlaceOfClick(string name) =>
        name.StartsWith(ServedPage.NamePrefix, StringComparison.Ordinal) && name[^2..] is ".x" or ".y";

    private static string KeyOf(IFormCollection fields)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, values) in fields)
        {
            Append(name);
            if (IsPlaceOfClick(name))
            {
                continue; // Somewhere else on the same image is the same press.
            }

            foreach (var value in values)
            {
                Append(value ?? "");
            }
        }

        return Base64Url.EncodeToString(hash.GetHashAndReset().AsSpan(0, 16));

        void Append(string text)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(text));
            hash.AppendData([0]);
        }
    }
}
