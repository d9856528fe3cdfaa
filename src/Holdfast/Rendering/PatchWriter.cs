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
    private readonly List<ulong> _places = [];
    private readonly Dictionary<ulong, int> _shifts = [];
    private readonly HashSet<ulong> _written = [];
    private readonly Dictionary<int, int> _last = [];
    private readonly HashSet<int> _again = [];
    private readonly HashSet<ComponentHandlers> _selectOwners = [];
    private ComponentHandlers _handlers = null!;
    private bool _hasOutdated;
    private bool _isLast;
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

        AddMoved(sequence);
        foreach (var owner in _selectOwners)
        {
            AddUnrendered(owner, (owner.Elements, owner.RawTexts, []), sequence); // A component in one of its selects has changed the options.
        }

        _again.Clear();
        _selectOwners.Clear();
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
        (ulong[] Elements, ulong[] RawTexts, ulong[] Selects) before = (handlers.Elements, handlers.RawTexts, handlers.Selects);
        if (!_again.Add(diff.ComponentId))
        {
            before = ([], [], []); // The edits of the renders before were for a tree that is gone again: whatever they left out is written.
        }
        else
        {
            renderer.Handlers.IndexComponent(handlers, sequence, disambiguate: true);
        }

        if (handlers.SelectOwner is { } owner && diff.Edits.Count > 0 && renderer.HasFrames(owner.ComponentId))
        {
            _selectOwners.Add(owner);
        }

        _hasOutdated = false;
        _isLast = isLast;
        BeginComponent(number);
        var edits = diff.Edits;
        for (var i = 0; i < edits.Count; i++)
        {
            AddEdit(edits.Array, edits.Offset + i, ref i, reference, diff.ComponentId, sequence);
        }

        if (_hasOutdated)
        {
            before = ([], [], []); // What was written is no more what it is: write all that is not new.
        }

        if (isLast)
        {
            AddChangedElements(diff.ComponentId, handlers, before, sequence);
        }

        EndComponent();
    }

    /// <summary>Sends the addresses of components whose place among rows without keys is another, whether they were rendered or not; and of those below them.</summary>
    private void AddMoved(long sequence)
    {
        while (renderer.Handlers.TakeMoved() is { Length: > 0 } moved)
        {
            foreach (var handlers in moved)
            {
                if (renderer.HasFrames(handlers.ComponentId))
                {
                    var before = (handlers.Elements, handlers.RawTexts, handlers.Selects);
                    renderer.Handlers.IndexComponent(handlers, sequence, disambiguate: true);
                    AddUnrendered(handlers, before, sequence);
                }
            }
        }
    }

    private void AddUnrendered(ComponentHandlers handlers, (ulong[] Elements, ulong[] RawTexts, ulong[] Selects) before, long sequence)
    {
        if (_numbers.TryGetValue(handlers.ComponentId, out var number))
        {
            BeginComponent(number);
            AddChangedElements(handlers.ComponentId, handlers, before, sequence);
            EndComponent();
        }
    }

    private void BeginComponent(int number)
    {
        _steps.Clear();
        _places.Clear();
        _places.Add(0);
        _shifts.Clear();
        _stepsWritten = 0;
        _stepsBack = 0;
        _componentOpen = false;
        _componentNumber = number;
    }

    private void EndComponent()
    {
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
                _steps.Add(edit.SiblingIndex);
                _places.Add(ComponentHandlers.StepInto(_places[^1], edit.SiblingIndex));
                break;
            case RenderTreeEditType.StepOut:
                _places.RemoveAt(_places.Count - 1);
                StepOut();
                break;
            case RenderTreeEditType.UpdateText:
                Begin("t"u8, edit.SiblingIndex, sequence);
                _json.WriteStringValue(reference[edit.ReferenceFrameIndex].TextContent);
                _json.WriteEndArray();
                break;
            case RenderTreeEditType.UpdateMarkup:
                WriteHtml("m"u8, edit, reference, componentId, sequence);
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

    /// <summary>Notes that the nodes from this one on may have had other numbers before.</summary>
    private void Shift(int from)
    {
        _shifts[_places[^1]] = _shifts.TryGetValue(_places[^1], out var first) ? Math.Min(first, from) : from;
    }

    private void Remove(in RenderTreeEdit edit, long sequence)
    {
        Shift(edit.SiblingIndex);
        Begin("r"u8, edit.SiblingIndex, sequence);
        _json.WriteEndArray();
    }

    private void Insert(in RenderTreeEdit edit, RenderTreeFrame[] reference, int componentId, long sequence)
    {
        Shift(edit.SiblingIndex);
        WriteHtml("i"u8, edit, reference, componentId, sequence);
    }

    private void WriteHtml(ReadOnlySpan<byte> kind, in RenderTreeEdit edit, RenderTreeFrame[] reference, int componentId, long sequence)
    {
        using var html = new HtmlBuffer();
        using var writer = new PageWriter(renderer, html, withDigest: false) { ComponentWritten = AddNew };
        writer.WriteFrame(componentId, reference, edit.ReferenceFrameIndex, InForeign(), isInTable: false);
        _hasOutdated |= writer.MissedHandler;
        if (writer.NeedsTable)
        {
            html.Clear();
            using var again = new PageWriter(renderer, html, withDigest: false);
            again.WriteFrame(componentId, reference, edit.ReferenceFrameIndex, isForeign: false, isInTable: true);
        }

        Begin(kind, edit.SiblingIndex, sequence);
        _json.WriteStringValue(html.Written);
        _json.WriteEndArray();
        if (_isLast)
        {
            NoteHandlers(reference, edit.ReferenceFrameIndex);
        }

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
    private bool InForeign() => _places.Count == 1 ? _handlers.IsForeign : _handlers.ForeignPlaces.Contains(_places[^1]);

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

        if (PageWriter.TextOf(attribute) is { } value)
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
            Shift(edits[index + count].SiblingIndex);
            _json.WriteNumberValue(edits[index + count].SiblingIndex);
            _json.WriteNumberValue(edits[index + count].MoveToSiblingIndex);
            count++;
        }

        _json.WriteEndArray();
        _json.WriteEndArray();
        return count; // The end of the list is passed over too.
    }

    /// <summary>Sends the handlers of the elements where they changed, other than by a new delegate, whole texts, and the values of selects with other options.</summary>
    private void AddChangedElements(int componentId, ComponentHandlers handlers, (ulong[] Elements, ulong[] RawTexts, ulong[] Selects) before, long sequence)
    {
        if (handlers.Elements.AsSpan().SequenceEqual(before.Elements) && handlers.RawTexts.AsSpan().SequenceEqual(before.RawTexts)
            && handlers.Selects.AsSpan().SequenceEqual(before.Selects) && !(_shifts.Count > 0 && handlers.IsRepeating))
        {
            return;
        }

        while (_steps.Count > 0)
        {
            StepOut();
        }

        var frames = renderer.FramesOf(componentId);
        using var list = new HandlerList(renderer);
        var change = new ChangedElements(this, list, [.. before.Elements], [.. before.RawTexts], [.. before.Selects], handlers, componentId, sequence);
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

    /// <summary>Finds, in the current frames, the elements whose handlers, raw text or options are not what they were, and the way to them.</summary>
    private sealed class ChangedElements(PatchWriter patch, HandlerList list, HashSet<ulong> elements, HashSet<ulong> rawTexts, HashSet<ulong> selects, ComponentHandlers handlers, int componentId, long sequence)
    {
        private int _element;
        private int _rawText;
        private int _select;

        public int Walk(RenderTreeFrame[] frames, int start, int end, bool isForeign, int node = 0, ulong place = 0, bool isShifted = false)
        {
            for (var i = start; i < end; i += HandlerIndex.LengthOf(frames[i]))
            {
                ref readonly var frame = ref frames[i];
                switch (frame.FrameType)
                {
                    case RenderTreeFrameType.Region:
                        node = Walk(frames, i + 1, i + frame.RegionSubtreeLength, isForeign, node, place, isShifted);
                        break;
                    case RenderTreeFrameType.Element:
                        WalkElement(frames, i, isForeign, node, ComponentHandlers.StepInto(place, node), isShifted || (patch._shifts.TryGetValue(place, out var first) && node >= first));
                        node++;
                        break;
                    case RenderTreeFrameType.Text or RenderTreeFrameType.Markup or RenderTreeFrameType.Component:
                        node++;
                        break;
                }
            }

            return node;
        }

        /// <summary>Whether the document may not show it: it was not there, or it may have been another node's, since rows without keys have come or gone before it.</summary>
        private static bool IsChanged(HashSet<ulong> before, ulong now, bool isShifted) => !before.Contains(now) || (isShifted && HandlerIndex.IsRepeated(now));

        private void WalkElement(RenderTreeFrame[] frames, int index, bool isForeign, int node, ulong place, bool isShifted)
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

            if (hasHandlers && IsChanged(elements, handlers.Elements[_element++], isShifted) && !isNew)
            {
                patch.Begin("a"u8, node, sequence);
                patch._json.WriteStringValue("data-hf"u8);
                patch._json.WriteStringValue(list.Compose(componentId, frames, index, end));
                patch._json.WriteEndArray();
            }

            isForeign = ForeignElement.Is(frame.ElementName, isForeign);
            if (RawText.Is(frame.ElementName, isForeign) && IsChanged(rawTexts, handlers.RawTexts[_rawText++], isShifted))
            {
                patch.Begin("w"u8, node, sequence);
                patch._json.WriteStringValue(RawText.Of(frames, index, content, end));
                patch._json.WriteEndArray();
            }

            if (!isForeign && frame.ElementName is "select" && SelectValue.TextOf(frames, index) is { } value && IsChanged(selects, handlers.Selects[_select++], isShifted))
            {
                patch.Begin("a"u8, node, sequence);
                patch._json.WriteStringValue("value"u8);
                patch._json.WriteStringValue(value);
                patch._json.WriteEndArray();
            }

            patch._steps.Add(node);
            Walk(frames, content, end, ForeignElement.Holds(frame.ElementName, isForeign), node: 0, place, isShifted);
            patch.StepOut();
        }
    }
}
