using System.Buffers;
using System.Text.Json;

namespace Holdfast.State;

/// <summary>A change of one member: its index in <see cref="PersistedView.Members"/> and its new JSON.</summary>
internal readonly record struct MemberChange(int Member, byte[] Json);

/// <summary>
/// Owns what was last restored or captured of one view's persisted members, so that a change is what differs from it. Called only on the page's
/// dispatcher, between queue items.
/// </summary>
internal sealed class ViewState(PersistedView type, LiveView view, JsonSerializerOptions options, int maxMemberBytes)
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    private readonly byte[][] _captured = new byte[type.Members.Length][];

    public PersistedView Type => type;

    public LiveView View => view;

    /// <summary>
    /// Puts stored values back into a fresh instance: everything is decoded before anything is touched, and a member that cannot be
    /// decoded keeps its initialiser.
    /// </summary>
    /// <param name="stored">The stored JSON of a member, or null when there is none.</param>
    /// <param name="unreadable">Is told of members that could not be decoded.</param>
    public void Restore(Func<PersistedMember, byte[]?> stored, Action<PersistedMember, Exception> unreadable)
    {
        var decoded = new List<Action<LiveView>>();
        foreach (var member in type.Members)
        {
            if (stored(member) is not { } json)
            {
                continue;
            }

            try
            {
                decoded.Add(member.Decode(json, options));
            }
            catch (Exception exception)
            {
                unreadable(member, exception); // Whatever a converter throws.
            }
        }

        foreach (var set in decoded)
        {
            set(view);
        }

        for (var i = 0; i < _captured.Length; i++)
        {
            _captured[i] = Serialize(i, isLimited: false).ToArray(); // What is stored is there, also if the limit was lowered since.
        }
    }

    /// <summary>Finds what changed since the last <see cref="Accept"/>, without accepting it.</summary>
    /// <param name="changes">Gets what changed.</param>
    /// <param name="withTabMembers">Whether the members of the tab are wanted in any case.</param>
    /// <exception cref="StateException">A value cannot be serialised, or is over the limit.</exception>
    public void Capture(ref List<MemberChange>? changes, bool withTabMembers = false)
    {
        for (var i = 0; i < _captured.Length; i++)
        {
            var json = Serialize(i);
            if (!json.SequenceEqual(_captured[i]) || (withTabMembers && type.Members[i].Scope != Scope.Session))
            {
                (changes ??= []).Add(new MemberChange(i, json.ToArray()));
            }
        }
    }

    /// <summary>Whether a member differs from what was last restored or captured.</summary>
    public bool HasChanged()
    {
        for (var i = 0; i < _captured.Length; i++)
        {
            if (Differs(i))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The members of the tab, as they were last restored or captured.</summary>
    public Dictionary<string, byte[]> TabMembers()
    {
        var members = new Dictionary<string, byte[]>();
        for (var i = 0; i < _captured.Length; i++)
        {
            if (type.Members[i].Scope != Scope.Session)
            {
                members.Add(type.Members[i].Name, _captured[i]);
            }
        }

        return members;
    }

    /// <summary>Makes a captured change the state that the next one is compared with.</summary>
    public void Accept(List<MemberChange> changes)
    {
        foreach (var change in changes)
        {
            _captured[change.Member] = change.Json;
        }
    }

    /// <summary>Puts every member that differs back to what was last restored or captured.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Rollback()
    {
        var differed = false;
        for (var i = 0; i < _captured.Length; i++)
        {
            if (Differs(i))
            {
                type.Members[i].Decode(_captured[i], options)(view);
                differed = true;
            }
        }

        return differed;
    }

    /// <summary>Takes over a value that somebody else stored.</summary>
    public void TakeOver(int member, byte[] json)
    {
        type.Members[member].Decode(json, options)(view);
        _captured[member] = Serialize(member).ToArray();
    }

    private bool Differs(int member)
    {
        try
        {
            return !Serialize(member).SequenceEqual(_captured[member]);
        }
        catch (StateException)
        {
            return true;
        }
    }

    private ReadOnlySpan<byte> Serialize(int index, bool isLimited = true)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(256);
        var writer = _writer ??= new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = options.Encoder, SkipValidation = true });
        buffer.ResetWrittenCount();
        writer.Reset(buffer);
        var member = type.Members[index];
        try
        {
            member.Write(view, writer, options);
            writer.Flush();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            _writer = null;
            throw new StateException("state",
                $"Member '{type.Type.Name}.{member.Name}' cannot be stored: its value could not be written as JSON ({exception.Message}). Persist plain data, and inject what is not data.",
                exception);
        }

        if (isLimited && buffer.WrittenCount > maxMemberBytes)
        {
            throw new StateException("limit",
                $"Member '{type.Type.Name}.{member.Name}' cannot be stored: its JSON has {buffer.WrittenCount:N0} bytes, the limit is {maxMemberBytes:N0}. Keep the key and load the rest, or raise Holdfast:MaxMemberBytes.");
        }

        return buffer.WrittenSpan;
    }
}
