#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Rendering;

/// <summary>
/// Writes what batches of one renderer changed as the component lists of a patch frame (docs/protocol.md, "Patches"). Called only on the renderer's
/// dispatcher; the buffer is pooled, and taken only while a patch is open.
/// </summary>
internal sealed class PatchWriter(LiveRenderer renderer) : IDisposable
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)? _spare;

    private readonly Dictionary<int, int> _numbers = [];
    private readonly List<int> _steps = [];
    private readonly HashSet<ulong> _written = [];
    private readonly List<(ulong Place, int Shift)> _places = [];
    private readonly Dictionary<int, int> _last = [];
    private readonly Dictionary<int, (ulong[] Elements, ulong[] RawTexts)> _again = [];
    private ulong[] _rawPlaces = [];
    private ComponentHandlers _handlers = null!;
    private bool _hasOutdated;
    private ArrayBufferWriter<byte>? _buffer;
    private Utf8JsonWriter _json = null!;
    private int _stepsWritten;
    private int _stepsBack;
    private bool _componentOpen;
    private int _componentNumber;
    private int _nextNumber = 1;

    /// <summary>Whether there is something to send.</summary>
    public bool IsOpen => _buffer is not null;

    /// <summary>Begins the numbering of components anew, as the client does at a join.</summary>
    public void ResetNumbers(int rootComponentId)
    {
        _numbers.Clear();
        _numbers.Add(rootComponentId, 0);
        _nextNumber = 1;
        Abandon();
    }

    /// <summary>Gives a component the next number. Called in document order.</summary>
    public void Number(int componentId) => _numbers[componentId] = _nextNumber++;

    /// <summary>Adds what a batch changed. Everything is copied out: the batch's arrays are the renderer's to reuse.</summary>
    public void Add(in RenderBatch batch, long sequence)
    {
        var known = _nextNumber;
        NoteLast(batch);
        for (var i = 0; i < batch.UpdatedComponents.Count; i++)
        {
            ref readonly var diff = ref batch.UpdatedComponents.Array[i];
            if (_numbers.TryGetValue(diff.ComponentId, out var number) && number < known)
            {
                AddComponent(diff, batch.ReferenceFrames.Array, number, sequence, _last[diff.ComponentId] == i);
            }
        }

        _again.Clear();
        _written.Clear();

        for (var i = 0; i < batch.DisposedComponentIDs.Count; i++)
        {
            _numbers.Remove(batch.DisposedComponentIDs.Array[i]);
        }
    }

    /// <summary>Ends the patch and returns its frame in a pooled array.</summary>
    public (byte[] Array, int Length) Take(long sequence, long settled, long acked)
    {
        _json.WriteEndArray();
        if (settled > 0 || acked > 0)
        {
            _json.WriteNumberValue(settled);
        }

        if (acked > 0)
        {
            _json.WriteNumberValue(acked);
        }

        _json.WriteEndArray();
        _json.Flush();
        var (buffer, json) = (_buffer!, _json);
        var array = ArrayPool<byte>.Shared.Rent(buffer.WrittenCount);
        buffer.WrittenSpan.CopyTo(array);
        var length = buffer.WrittenCount;
        Abandon();
        return (array, length);
    }

    /// <summary>Drops an open patch.</summary>
    public void Abandon()
    {
        if (_buffer is { } buffer)
        {
            _spare = (buffer, _json);
            _buffer = null;
            _json = null!;
        }
    }

    public void Dispose() => Abandon();

    /// <summary>Opens the frame: <c>["patch", sequence, [</c>.</summary>
    private void Open(long sequence)
    {
        if (_buffer is not null)
        {
            return;
        }

        if (_spare is { } spare)
        {
            _spare = null;
            (_buffer, _json) = spare;
            _buffer.ResetWrittenCount();
            _json.Reset(_buffer);
        }
        else
        {
            _buffer = new ArrayBufferWriter<byte>(512);
            _json = new Utf8JsonWriter(_buffer, Options);
        }

        _json.WriteStartArray();
        _json.WriteStringValue("patch"u8);
        _json.WriteNumberValue(sequence);
        _json.WriteStartArray();
    }

    /// <summary>A component may be rendered more than once in a batch: what is looked up in its tree fits only after its last edits.</summary>
    private void NoteLast(in RenderBatch batch)
    {
        _last.Clear();
        for (var i = 0; i < batch.UpdatedComponents.Count; i++)
        {
            _last[batch.UpdatedComponents.Array[i].ComponentId] = i;
        }
    }

    private void AddComponent(in RenderTreeDiff diff, RenderTreeFrame[] reference, int number, long sequence, bool isLast)
    {
        if (!renderer.Handlers.TryGet(diff.ComponentId, out var handlers) || !renderer.HasFrames(diff.ComponentId))
        {
            return;
        }

        _handlers = handlers;
        _rawPlaces = handlers.RawPlaces;
        if (_again.Remove(diff.ComponentId, out var before))
        {
            _rawPlaces = [];
        }
        else
        {
            before = (handlers.Elements, handlers.RawTexts);
            renderer.Handlers.IndexComponent(handlers, sequence, disambiguate: true);
        }

        _hasOutdated = false;
        _steps.Clear();
        _places.Clear();
        _places.Add((0, 0));
        _stepsWritten = 0;
        _stepsBack = 0;
        _componentOpen = false;
        _componentNumber = number;
        var edits = diff.Edits;
        for (var i = 0; i < edits.Count; i++)
        {
            AddEdit(edits.Array, edits.Offset + i, ref i, reference, diff.ComponentId, sequence);
        }

        if (_hasOutdated)
        {
            before.Elements = []; // An element was written without its handlers, which changed since: write all that are not new.
        }

        if (isLast)
        {
            AddChangedElements(diff.ComponentId, handlers, before.Elements, before.RawTexts, sequence);
        }
        else
        {
            _again.Add(diff.ComponentId, before);
        }

        if (_componentOpen)
        {
            _json.WriteEndArray();
        }
    }

    private void AddEdit(RenderTreeEdit[] edits, int index, ref int position, RenderTreeFrame[] reference, int componentId, long sequence)
    {
        ref readonly var edit = ref edits[index];
        switch (edit.Type)
        {
            case RenderTreeEditType.StepIn:
                _places.Add((ComponentHandlers.StepInto(_places[^1].Place, edit.SiblingIndex - _places[^1].Shift), 0));
                _steps.Add(edit.SiblingIndex);
                break;
            case RenderTreeEditType.StepOut:
                _places.RemoveAt(_places.Count - 1);
                StepOut();
                break;
            case not RenderTreeEditType.SetAttribute when _rawPlaces.Contains(_places[^1].Place):
                break; // In a textarea or the like: its whole text is sent, see AddChangedElements.
            case RenderTreeEditType.UpdateText:
                Begin("t"u8, edit.SiblingIndex, sequence);
                _json.WriteStringValue(reference[edit.ReferenceFrameIndex].TextContent);
                _json.WriteEndArray();
                break;
            case RenderTreeEditType.UpdateMarkup:
                Remove(edit, sequence); // Not an edit of its text: markup that is only space is a text in the document.
                Insert(edit, reference, componentId, sequence);
                break;
            case RenderTreeEditType.RemoveFrame:
                Remove(edit, sequence);
                break;
            case RenderTreeEditType.PrependFrame:
                Insert(edit, reference, componentId, sequence);
                break;
            case RenderTreeEditType.SetAttribute:
                SetAttribute(edit, reference[edit.ReferenceFrameIndex], sequence);
                break;
            case RenderTreeEditType.RemoveAttribute:
                RemoveAttribute(edit, sequence);
                break;
            case RenderTreeEditType.PermutationListEntry:
                position += Permute(edits, index, sequence);
                break;
        }
    }

    private void Remove(in RenderTreeEdit edit, long sequence)
    {
        Shift(-1);
        Begin("r"u8, edit.SiblingIndex, sequence);
        _json.WriteEndArray();
    }

    /// <summary>Notes that the nodes behind have other numbers than before the batch.</summary>
    private void Shift(int by) => _places[^1] = (_places[^1].Place, _places[^1].Shift + by);

    private void Insert(in RenderTreeEdit edit, RenderTreeFrame[] reference, int componentId, long sequence)
    {
        Shift(+1);
        using var html = new HtmlBuffer();
        using var writer = new PageWriter(renderer, html, withDigest: false) { ComponentWritten = AddNew };
        writer.WriteFrame(componentId, reference, edit.ReferenceFrameIndex, InForeign(), Selected());
        _hasOutdated |= writer.MissedHandler;
        Begin("i"u8, edit.SiblingIndex, sequence);
        _json.WriteStringValue(html.Written);
        _json.WriteEndArray();
        NoteHandlers(reference, edit.ReferenceFrameIndex);

        void AddNew(int newComponentId)
        {
            Number(newComponentId);
            if (renderer.Handlers.TryGet(newComponentId, out var handlers) && renderer.HasFrames(newComponentId))
            {
                renderer.Handlers.IndexComponent(handlers, sequence, disambiguate: true);
            }
        }
    }

    /// <summary>Whether what is inserted now is SVG's or MathML's.</summary>
    private bool InForeign() => _places.Count == 1 ? _handlers.IsForeign : _handlers.ForeignPlaces.Contains(_places[^1].Place);

    /// <summary>What is selected in the <c>select</c> that something is inserted into.</summary>
    private List<string>? Selected()
    {
        foreach (var (place, values) in _handlers.Selections)
        {
            if (place == _places[^1].Place)
            {
                return values;
            }
        }

        return null;
    }

    private void NoteHandlers(RenderTreeFrame[] reference, int index)
    {
        var end = index + HandlerIndex.LengthOf(reference[index]);
        for (var i = index; i < end; i++)
        {
            if (reference[i].FrameType == RenderTreeFrameType.Attribute && reference[i].AttributeEventHandlerId != 0)
            {
                _written.Add(reference[i].AttributeEventHandlerId);
            }
        }
    }

    private void SetAttribute(in RenderTreeEdit edit, in RenderTreeFrame attribute, long sequence)
    {
        if (attribute.AttributeEventHandlerId != 0 || EventModifiers.IsName(attribute.AttributeName))
        {
            return; // Sent only where its address or flags changed: see AddChangedElements.
        }

        if (PageWriter.TextOf(attribute.AttributeValue) is { } value)
        {
            Begin("a"u8, edit.SiblingIndex, sequence);
            _json.WriteStringValue(attribute.AttributeName);
            _json.WriteStringValue(value);
        }
        else
        {
            Begin("x"u8, edit.SiblingIndex, sequence);
            _json.WriteStringValue(attribute.AttributeName);
        }

        _json.WriteEndArray();
    }

    private void RemoveAttribute(in RenderTreeEdit edit, long sequence)
    {
        var name = edit.RemovedAttributeName ?? "";
        var isHandler = name.StartsWith("on", StringComparison.Ordinal) || EventModifiers.IsName(name);
        Begin("x"u8, edit.SiblingIndex, sequence);
        _json.WriteStringValue(isHandler ? "data-hf" : name); // What handlers are left follows: see AddChangedElements.
        _json.WriteEndArray();
    }

    private int Permute(RenderTreeEdit[] edits, int index, long sequence)
    {
        var count = 0;
        OpenComponent(sequence);
        WriteSteps();
        _json.WriteStartArray();
        _json.WriteStringValue("p"u8);
        _json.WriteStartArray();
        while (edits[index + count].Type == RenderTreeEditType.PermutationListEntry)
        {
            _json.WriteNumberValue(edits[index + count].SiblingIndex);
            _json.WriteNumberValue(edits[index + count].MoveToSiblingIndex);
            count++;
        }

        _json.WriteEndArray();
        _json.WriteEndArray();
        return count; // The end of the list is passed over too.
    }

    /// <summary>Sends the handlers of the elements where they changed, other than by a new delegate, and whole texts.</summary>
    private void AddChangedElements(int componentId, ComponentHandlers handlers, ulong[] elements, ulong[] rawTexts, long sequence)
    {
        if (handlers.Elements.AsSpan().SequenceEqual(elements) && handlers.RawTexts.AsSpan().SequenceEqual(rawTexts))
        {
            return;
        }

        while (_steps.Count > 0)
        {
            StepOut();
        }

        var frames = renderer.FramesOf(componentId);
        using var html = new HtmlBuffer();
        using var writer = new PageWriter(renderer, html, withDigest: false);
        var change = new ChangedElements(this, writer, [.. elements], [.. rawTexts], handlers, componentId, sequence);
        change.Walk(frames.Array, 0, frames.Count, handlers.IsForeign);
    }

    private void StepOut()
    {
        if (_stepsWritten == _steps.Count)
        {
            _stepsBack++;
            _stepsWritten--;
        }

        _steps.RemoveAt(_steps.Count - 1);
    }

    /// <summary>Opens an edit: <c>[kind, n</c>. Steps are written only when an edit follows, so a suppressed one costs nothing.</summary>
    private void Begin(ReadOnlySpan<byte> kind, int node, long sequence)
    {
        OpenComponent(sequence);
        WriteSteps();
        _json.WriteStartArray();
        _json.WriteStringValue(kind);
        _json.WriteNumberValue(node);
    }

    private void WriteSteps()
    {
        for (; _stepsBack > 0; _stepsBack--)
        {
            _json.WriteNumberValue(-1);
        }

        for (; _stepsWritten < _steps.Count; _stepsWritten++)
        {
            _json.WriteNumberValue(_steps[_stepsWritten]);
        }
    }

    private void OpenComponent(long sequence)
    {
        Open(sequence);
        if (!_componentOpen)
        {
            _componentOpen = true;
            _json.WriteStartArray();
            _json.WriteNumberValue(_componentNumber);
        }
    }

    /// <summary>Finds, in the current frames, the elements whose handlers or raw text are not what they were, and the way to them.</summary>
    private sealed class ChangedElements(PatchWriter patch, PageWriter writer, HashSet<ulong> elements, HashSet<ulong> rawTexts, ComponentHandlers handlers, int componentId, long sequence)
    {
        private int _element;
        private int _rawText;

        public int Walk(RenderTreeFrame[] frames, int start, int end, bool isForeign, int node = 0)
        {
            for (var i = start; i < end; i += HandlerIndex.LengthOf(frames[i]))
            {
                ref readonly var frame = ref frames[i];
                switch (frame.FrameType)
                {
                    case RenderTreeFrameType.Region:
                        node = Walk(frames, i + 1, i + frame.RegionSubtreeLength, isForeign, node);
                        break;
                    case RenderTreeFrameType.Element:
                        WalkElement(frames, i, isForeign, node);
                        node++;
                        break;
                    case RenderTreeFrameType.Text or RenderTreeFrameType.Markup or RenderTreeFrameType.Component:
                        node++;
                        break;
                }
            }

            return node;
        }

        private void WalkElement(RenderTreeFrame[] frames, int index, bool isForeign, int node)
        {
            ref readonly var frame = ref frames[index];
            var end = index + frame.ElementSubtreeLength;
            var content = index + 1;
            var hasHandlers = false;
            var isNew = false;
            for (; content < end && frames[content].FrameType == RenderTreeFrameType.Attribute; content++)
            {
                ref readonly var attribute = ref frames[content];
                hasHandlers |= attribute.AttributeEventHandlerId != 0 || EventModifiers.Is(attribute);
                isNew |= attribute.AttributeEventHandlerId != 0 && patch._written.Contains(attribute.AttributeEventHandlerId);
            }

            if (hasHandlers && !elements.Contains(handlers.Elements[_element++]) && !isNew)
            {
                patch.Begin("a"u8, node, sequence);
                patch._json.WriteStringValue("data-hf"u8);
                patch._json.WriteStringValue(writer.ComposeHandlers(componentId, frames, index, end));
                patch._json.WriteEndArray();
            }

            isForeign = ForeignElement.Is(frame.ElementName, isForeign);
            if (RawText.Is(frame.ElementName, isForeign) && !rawTexts.Contains(handlers.RawTexts[_rawText++]))
            {
                patch.Begin("w"u8, node, sequence);
                patch._json.WriteStringValue(RawText.Join(frames, content, end));
                patch._json.WriteEndArray();
            }

            patch._steps.Add(node);
            Walk(frames, content, end, ForeignElement.Holds(frame.ElementName, isForeign));
            patch.StepOut();
        }
    }
}
