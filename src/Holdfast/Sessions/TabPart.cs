using System.Buffers;
using System.Text.Json;

namespace Holdfast.Sessions;

/// <summary>
/// Owns what one tab has in a slice: its fence, the highest settled ref of each of its documents, and its Tab and Reconnect members.
/// Called only under the session's gate. The stored form is described in docs/decisions/001-the-stored-form.md.
/// </summary>
internal sealed class TabPart
{
    /// <summary>How many documents of one tab are remembered; chosen: far more than a person has open or reloads at once.</summary>
    private const int MaxDocuments = 32;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    private readonly List<(string Document, long Ref)> _watermarks = [];
    private readonly Dictionary<string, TabMember> _members = new(StringComparer.Ordinal);

    /// <summary>Whose part the POSTs of pages without script write: it fences them off from each other, and knows which were applied.</summary>
    public const string OfPosts = "!post";

    /// <summary>The part in which a POST leaves the tab's members for the page that follows it.</summary>
    public static string CarriedBy(string post) => "~" + post;

    public static bool IsCarried(string id) => id.StartsWith('~');

    public Fence Fence { get; set; }

    /// <summary>When the tab was last seen, in minutes since 1970.</summary>
    public long SeenAt { get; set; }

    /// <summary>About what the part takes in the store, in bytes.</summary>
    public int Size
    {
        get
        {
            var size = 64; // The braces, names and numbers of the form.
            foreach (var (document, _) in _watermarks)
            {
                size += document.Length + 12;
            }

            foreach (var (name, member) in _members)
            {
                size += name.Length + member.Json.Length + 4;
            }

            return size;
        }
    }

    public IReadOnlyDictionary<string, TabMember> Members => _members;

    public void SetMember(string name, byte[] json, bool reconnect) => _members[name] = new TabMember(json, reconnect);

    /// <summary>Puts other members in the place of these: they were migrated.</summary>
    public void ReplaceMembers(IEnumerable<KeyValuePair<string, TabMember>> members)
    {
        _members.Clear();
        foreach (var (name, member) in members)
        {
            _members.Add(name, member);
        }
    }

    /// <summary>Forgets the Reconnect members: the page was opened anew. Returns whether there were any.</summary>
    public bool ClearReconnectMembers()
    {
        var names = _members.Where(member => member.Value.IsReconnect).Select(member => member.Key).ToList();
        names.ForEach(name => _members.Remove(name));
        return names.Count > 0;
    }

    public void ClearMembers() => _members.Clear();

    /// <summary>The highest settled ref of a document, or 0 when it is not known.</summary>
    public long Watermark(string document) => IndexOf(document) is >= 0 and var index ? _watermarks[index].Ref : 0;

    public void RaiseWatermark(string document, long settled)
    {
        var index = IndexOf(document);
        if (index >= 0)
        {
            settled = Math.Max(settled, _watermarks[index].Ref);
            _watermarks.RemoveAt(index); // To the end: the one that was not used for longest goes first.
        }
        else if (_watermarks.Count == MaxDocuments)
        {
            _watermarks.RemoveAt(0);
        }

        _watermarks.Add((document, settled));
    }

    private int IndexOf(string document)
    {
        for (var i = 0; i < _watermarks.Count; i++)
        {
            if (_watermarks[i].Document == document)
            {
                return i;
            }
        }

        return -1;
    }

    public byte[] Encode()
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(256);
        var writer = _writer ??= new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        buffer.ResetWrittenCount();
        writer.Reset(buffer);
        writer.WriteStartObject();
        writer.WriteString("i"u8, Fence.Instance);
        writer.WriteNumber("n"u8, Fence.Count);
        writer.WriteNumber("s"u8, SeenAt);
        writer.WriteStartArray("d"u8);
        foreach (var (document, settled) in _watermarks)
        {
            writer.WriteStringValue(document);
            writer.WriteNumberValue(settled);
        }

        writer.WriteEndArray();
        WriteMembers(writer, "t"u8, reconnect: false);
        WriteMembers(writer, "r"u8, reconnect: true);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a stored part. What is not understood is left out: at worst the tab starts fresh, and resent events of documents
    /// that are no longer known are refused.</summary>
    public static bool TryDecode(byte[] json, out TabPart part)
    {
        part = new TabPart();
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            part.Fence = new Fence(root.GetProperty("i").GetString(), root.GetProperty("n").GetInt64());
            part.SeenAt = root.TryGetProperty("s", out var seen) ? seen.GetInt64() : 0;
            var watermarks = root.GetProperty("d");
            for (var i = 0; i + 1 < watermarks.GetArrayLength(); i += 2)
            {
                part._watermarks.Add((watermarks[i].GetString() ?? "", watermarks[i + 1].GetInt64()));
            }

            ReadMembers(part, root, "t", reconnect: false);
            ReadMembers(part, root, "r", reconnect: true);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            part = new TabPart();
            return false;
        }
    }

    private static void ReadMembers(TabPart part, JsonElement root, string property, bool reconnect)
    {
        if (root.TryGetProperty(property, out var members))
        {
            foreach (var member in members.EnumerateObject())
            {
                part.SetMember(member.Name, System.Text.Encoding.UTF8.GetBytes(member.Value.GetRawText()), reconnect);
            }
        }
    }

    private void WriteMembers(Utf8JsonWriter writer, ReadOnlySpan<byte> property, bool reconnect)
    {
        var isBegun = false;
        foreach (var (name, member) in _members)
        {
            if (member.IsReconnect != reconnect)
            {
                continue;
            }

            if (!isBegun)
            {
                writer.WriteStartObject(property);
                isBegun = true;
            }

            writer.WritePropertyName(name);
            writer.WriteRawValue(member.Json, skipInputValidation: true);
        }

        if (isBegun)
        {
            writer.WriteEndObject();
        }
    }

    /// <summary>A member that belongs to one tab.</summary>
    internal readonly record struct TabMember(byte[] Json, bool IsReconnect);
}
