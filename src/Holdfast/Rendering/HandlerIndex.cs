#pragma warning disable BL0006 // The render tree's types are used in this folder only.
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.RenderTree;

namespace Holdfast.Rendering;

/// <summary>One handler in the current tree.</summary>
internal struct HandlerEntry
{
    /// <summary>The address, in full.</summary>
    public ulong Hash;

    /// <summary>The renderer's own number for it, which changes at every render.</summary>
    public ulong HandlerId;

    /// <summary>Since which patch the address means what it means now: an event from before it is stale.</summary>
    public long BoundAt;

    /// <summary>Where handlers can change their meaning without changing their address: what to compare with.</summary>
    public Delegate? Guarded;

    /// <summary>Whether it is written in its long form, because another begins alike.</summary>
    public bool IsLong;

    /// <summary>Whether it reads the event's properties.</summary>
    public bool WantsArguments;
}

/// <summary>The handlers of one component, in the order of its frames.</summary>
internal sealed class ComponentHandlers(int componentId, int parentId, ulong path, bool isCovered, bool isForeign = false)
{
    public int ComponentId => componentId;

    public int ParentId => parentId;

    /// <summary>The hash of the way here. It changes where rows without keys come and go before it.</summary>
    public ulong Path { get; set; } = path;

    /// <summary>Whether a key on the way here says which row of a loop it is.</summary>
    public bool IsCovered { get; set; } = isCovered;

    /// <summary>Whether it stands in a drawing or a formula, so that its elements are SVG's or MathML's.</summary>
    public bool IsForeign => isForeign;

    public HandlerEntry[] Entries { get; set; } = [];

    /// <summary>For each element with handlers: a hash of its whole <c>data-hf</c>, to see whether it changed.</summary>
    public ulong[] Elements { get; set; } = [];

    /// <summary>For each <c>textarea</c> and the like: a hash of its text.</summary>
    public ulong[] RawTexts { get; set; } = [];

    /// <summary>For each <c>select</c> with a value: a hash of its options.</summary>
    public ulong[] Selects { get; set; } = [];

    /// <summary>Whether one of those hashes is of a row without a key (<see cref="HandlerIndex.IsRepeated"/>).</summary>
    public bool IsRepeating { get; set; }

    /// <summary>The component in whose <c>select</c> this one stands, with options of its own; null where it does not.</summary>
    public ComponentHandlers? SelectOwner { get; init; }

    /// <summary>The places of the elements in which others are SVG's or MathML's.</summary>
    public ulong[] ForeignPlaces { get; set; } = [];

    /// <summary>The place of a node: of its number, in the place around it. 0 is the component itself.</summary>
    public static ulong StepInto(ulong place, int node) => StableHash.Mix(place, (ulong)node + 1);

    /// <summary>Since which patch this component stands for what it stands for now (its parameters, in an unkeyed loop).</summary>
    public long BoundAt { get; set; }

    /// <summary>The parameters it had, in an unkeyed loop.</summary>
    public object?[]? Parameters { get; set; }
}

/// <summary>
/// Knows the address of every handler in one renderer's tree. Owns nothing else; called only on the renderer's dispatcher, after a render.
/// </summary>
/// <remarks>
/// An address is a hash of the path from the root (component types, sequences of elements and components with their keys, else their
/// ordinal among those of the same sequence), the event's name and the <see cref="HandlerIdentity"/>. So a retained element keeps its address from render to
/// render, and the same tree in another instance has the same addresses. A handler that depends on no local of the render is the same in every row
/// of a loop: its ordinals are left out. One that does, in an unkeyed loop, is guarded: see <see cref="HandlerEntry.BoundAt"/>.
/// </remarks>
internal sealed class HandlerIndex(Func<int, ArrayRange<RenderTreeFrame>> framesOf)
{
    private readonly Dictionary<int, ComponentHandlers> _components = [];
    private Lists _lists = null!;
    private ComponentHandlers _current = null!;
    private HandlerEntry[] _before = [];
    private int _cursor;
    private long _sequence;
    private bool _rebind;
    private bool _disambiguate;
    private bool _hasRebound;
    private bool _isInSelect;
    private bool _isRepeating;
    private readonly List<ComponentHandlers> _moved = [];

    /// <summary>Indexes a root and everything below it, anew.</summary>
    /// <param name="componentId">The root component.</param>
    /// <param name="rootPath">The hash to begin with.</param>
    /// <param name="sequence">The number of the patch in which changes of meaning count as made.</param>
    /// <param name="rebind">Whether all guarded handlers count as changed: the page was replaced.</param>
    public void IndexTree(int componentId, ulong rootPath, long sequence, bool rebind)
    {
        if (!_components.TryGetValue(componentId, out var root))
        {
            _components.Add(componentId, root = new ComponentHandlers(componentId, -1, rootPath, isCovered: false));
        }

        _rebind = rebind;
        Descend(root, sequence);
        _rebind = false;
        _moved.Clear(); // All of them are indexed.
    }

    /// <summary>Indexes one component after it was rendered.</summary>
    /// <param name="component">The component.</param>
    /// <param name="sequence">The number of the patch that the render goes into.</param>
    /// <param name="disambiguate">Whether new handlers that begin like others are to be written in their long form.</param>
    public void IndexComponent(ComponentHandlers component, long sequence, bool disambiguate = false)
    {
        _disambiguate = disambiguate;
        _current = component;
        _sequence = sequence;
        _before = component.Entries;
        _cursor = 0;
        _lists = Lists.Take();
        _isRepeating = false;
        var frames = framesOf(component.ComponentId);
        Walk(frames.Array, 0, frames.Count, component.Path, component.Path, component.IsCovered, isRepeated: false, component.IsForeign, place: 0, node: 0);
        component.Entries = Fit(component.Entries, _lists.Entries);
        component.Elements = Keep(component.Elements, _lists.Elements);
        component.RawTexts = Keep(component.RawTexts, _lists.RawTexts);
        component.Selects = Keep(component.Selects, _lists.Selects);
        component.ForeignPlaces = Keep(component.ForeignPlaces, _lists.ForeignPlaces);
        component.IsRepeating = _isRepeating;
        _before = [];
        _lists = null!;
    }

    /// <summary>The components whose way changed since the last call: their handlers have other addresses, once they are indexed.</summary>
    public ComponentHandlers[] TakeMoved()
    {
        if (_moved.Count == 0)
        {
            return [];
        }

        ComponentHandlers[] moved = [.. _moved];
        _moved.Clear();
        return moved;
    }

    public bool TryGet(int componentId, out ComponentHandlers component) => _components.TryGetValue(componentId, out component!);

    public void Remove(int componentId) => _components.Remove(componentId);

    /// <summary>Whether there is no handler.</summary>
    public bool IsEmpty => _components.Values.All(component => component.Entries.Length == 0);

    /// <summary>Whether there is a handler whose meaning depends on what the page shows.</summary>
    public bool HasGuarded
    {
        get
        {
            foreach (var component in _components.Values)
            {
                if (component.Parameters is not null)
                {
                    return true;
                }

                foreach (ref readonly var entry in component.Entries.AsSpan())
                {
                    if (entry.Guarded is not null)
                    {
                        return true;
                    }
                }
            }

            return false;
        }
    }

    /// <summary>Whether something changed its meaning since the last call.</summary>
    public bool TakeRebound()
    {
        var rebound = _hasRebound;
        _hasRebound = false;
        return rebound;
    }

    /// <summary>The document shows at this patch what the tree is now: what changed its meaning after it, changed it back or was never seen.</summary>
    public void ShowsAt(long sequence)
    {
        foreach (var component in _components.Values)
        {
            component.BoundAt = Math.Min(component.BoundAt, sequence);
            foreach (ref var entry in component.Entries.AsSpan())
            {
                entry.BoundAt = Math.Min(entry.BoundAt, sequence);
            }
        }
    }

    /// <summary>Finds the handler that an event is for.</summary>
    /// <param name="address">The address, as it came.</param>
    /// <param name="sequence">The last patch that the sender had seen.</param>
    /// <param name="found">The handler.</param>
    /// <param name="owner">The component whose frames hold it.</param>
    /// <returns>False when there is none, when it is not clear which, or when it means something else since a later patch: never guessed.</returns>
    public bool TryResolve(ReadOnlySpan<char> address, long sequence, out HandlerEntry found, out ComponentHandlers owner)
    {
        found = default;
        owner = null!;
        if (!HandlerAddress.TryRead(address, out var hash, out var isLong))
        {
            return false;
        }

        foreach (var component in _components.Values)
        {
            foreach (ref readonly var entry in component.Entries.AsSpan())
            {
                var matches = isLong ? entry.Hash == hash : !entry.IsLong && HandlerAddress.ShortPart(entry.Hash) == HandlerAddress.ShortPart(hash);
                if (!matches)
                {
                    continue;
                }

                if (owner is not null && entry.Hash != found.Hash)
                {
                    return false;
                }

                if (owner is null)
                {
                    found = entry;
                    owner = component;
                }
            }
        }

        return owner is not null && found.BoundAt <= sequence && BoundAt(owner) <= sequence;
    }

    /// <summary>Finds the entry of a handler id in a component, to write its address.</summary>
    public ref HandlerEntry Find(int componentId, ulong handlerId, ref int hint)
    {
        if (_components.TryGetValue(componentId, out var component))
        {
            var entries = component.Entries;
            for (var i = 0; i < entries.Length; i++)
            {
                var index = (hint + i) % entries.Length;
                if (entries[index].HandlerId == handlerId)
                {
                    hint = index + 1;
                    return ref entries[index];
                }
            }
        }

        return ref System.Runtime.CompilerServices.Unsafe.NullRef<HandlerEntry>();
    }

    /// <summary>Gives every handler whose short form is not its own the long one. Called before a whole page is written.</summary>
    public void Disambiguate()
    {
        var seen = new Dictionary<ulong, ulong>(_components.Values.Sum(component => component.Entries.Length));
        var doubled = new HashSet<ulong>();
        foreach (var component in _components.Values)
        {
            foreach (var entry in component.Entries)
            {
                var shortPart = HandlerAddress.ShortPart(entry.Hash);
                ref var first = ref CollectionsMarshal.GetValueRefOrAddDefault(seen, shortPart, out var wasSeen);
                if (!wasSeen)
                {
                    first = entry.Hash;
                }
                else if (first != entry.Hash)
                {
                    doubled.Add(shortPart);
                }
            }
        }

        foreach (var component in _components.Values)
        {
            foreach (ref var entry in component.Entries.AsSpan())
            {
                entry.IsLong = doubled.Count > 0 && doubled.Contains(HandlerAddress.ShortPart(entry.Hash));
            }
        }
    }

    /// <summary>Nobody keeps the entries from before, so their array is used again where it fits.</summary>
    private static HandlerEntry[] Fit(HandlerEntry[] array, List<HandlerEntry> entries)
    {
        if (array.Length != entries.Count)
        {
            return [.. entries];
        }

        entries.CopyTo(array);
        return array;
    }

    /// <summary>Patches compare with the hashes from before, so an array is replaced by another, and only when something changed.</summary>
    private static ulong[] Keep(ulong[] array, List<ulong> hashes) =>
        CollectionsMarshal.AsSpan(hashes).SequenceEqual(array) ? array : [.. hashes];

    private bool IsAmbiguous(ulong hash)
    {
        foreach (var component in _components.Values)
        {
            foreach (ref readonly var entry in component.Entries.AsSpan())
            {
                if (entry.Hash != hash && HandlerAddress.ShortPart(entry.Hash) == HandlerAddress.ShortPart(hash))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void Descend(ComponentHandlers component, long sequence)
    {
        IndexComponent(component, sequence);
        var frames = framesOf(component.ComponentId);
        for (var i = 0; i < frames.Count; i++)
        {
            ref readonly var frame = ref frames.Array[i];
            if (frame.FrameType == RenderTreeFrameType.Component && _components.TryGetValue(frame.ComponentId, out var child))
            {
                Descend(child, sequence);
            }
        }
    }

    private long BoundAt(ComponentHandlers component)
    {
        var latest = component.BoundAt;
        while (_components.TryGetValue(component.ParentId, out component!))
        {
            latest = Math.Max(latest, component.BoundAt);
        }

        return latest;
    }

    /// <summary>Walks one list of siblings.</summary>
    /// <param name="frames">The component's frames.</param>
    /// <param name="start">The first sibling.</param>
    /// <param name="end">After the last one.</param>
    /// <param name="exact">The path with ordinals.</param>
    /// <param name="loose">The path without.</param>
    /// <param name="covered">Whether a key says which row this is, and no unkeyed loop came after it.</param>
    /// <param name="isRepeated">Whether the path with ordinals is that of a row without a key, so that it may be another row's after the next render.</param>
    /// <param name="foreign">Whether they are SVG's or MathML's.</param>
    /// <param name="place">The place around them.</param>
    /// <param name="node">The number of the first one's node.</param>
    /// <returns>The number after the last one's node.</returns>
    private int Walk(RenderTreeFrame[] frames, int start, int end, ulong exact, ulong loose, bool covered, bool isRepeated, bool foreign, ulong place, int node)
    {
        var ordinals = Repeats(frames, start, end) ? new Dictionary<int, int>() : null;
        var totals = ordinals is null ? null : CountSequences(frames, start, end);
        for (var i = start; i < end; i += LengthOf(frames[i]))
        {
            ref readonly var frame = ref frames[i];
            if (frame.FrameType is not (RenderTreeFrameType.Element or RenderTreeFrameType.Component or RenderTreeFrameType.Region))
            {
                node += frame.FrameType is RenderTreeFrameType.Text or RenderTreeFrameType.Markup ? 1 : 0;
                continue;
            }

            var ordinal = 0;
            if (ordinals is not null)
            {
                ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(ordinals, frame.Sequence, out _);
                ordinal = count++;
            }

            var step = IsWhole(frames, i, end) ? 0 : (ulong)(uint)frame.Sequence;
            switch (frame.FrameType)
            {
                case RenderTreeFrameType.Region:
                    node = Walk(frames, i + 1, i + frame.RegionSubtreeLength, StableHash.Mix(exact, step + ((ulong)ordinal << 32)), StableHash.Mix(loose, step), covered && ordinals is null, isRepeated || totals?[frame.Sequence] > 1, foreign, place, node);
                    break;
                case RenderTreeFrameType.Element:
                    var isKeyed = TryHashKey(frame.ElementKey, out var key);
                    WalkElement(frames, i,
                        StableHash.Mix(StableHash.Mix(exact, step), isKeyed ? key : (ulong)ordinal),
                        StableHash.Mix(StableHash.Mix(loose, step), isKeyed ? key : 0),
                        isKeyed || (covered && ordinals is null),
                        isRepeated || (!isKeyed && totals?[frame.Sequence] > 1),
                        foreign,
                        ComponentHandlers.StepInto(place, node++));
                    break;
                case RenderTreeFrameType.Component:
                    WalkComponent(frames, i, exact, ordinal, covered && ordinals is null, foreign, ordinals is not null);
                    node++;
                    break;
            }
        }

        return node;
    }

    private void WalkElement(RenderTreeFrame[] frames, int index, ulong exact, ulong loose, bool covered, bool isRepeated, bool foreign, ulong place)
    {
        ref readonly var element = ref frames[index];
        var end = index + element.ElementSubtreeLength;
        var value = 0UL;
        var i = index + 1;
        for (; i < end && frames[i].FrameType == RenderTreeFrameType.Attribute; i++)
        {
            ref readonly var attribute = ref frames[i];
            if (attribute.AttributeEventHandlerId != 0)
            {
                value = StableHash.Mix(value, AddHandler(attribute, exact, loose, covered));
            }
            else if (EventModifiers.Is(attribute))
            {
                value = StableHash.Mix(value, StableHash.Of(attribute.AttributeName));
            }
        }

        if (value != 0)
        {
            _lists.Elements.Add(Flag(StableHash.Mix(value, exact), isRepeated)); // Another element may have had these very handlers before.
        }

        foreign = ForeignElement.Is(element.ElementName, foreign);
        if (RawText.Is(element.ElementName, foreign))
        {
            _lists.RawTexts.Add(Flag(RawText.HashOf(frames, index, i, end, exact), isRepeated));
        }

        var isSelect = !foreign && element.ElementName is "select";
        if (isSelect && SelectValue.TextOf(frames, index) is not null)
        {
            _lists.Selects.Add(Flag(SelectValue.HashOfOptions(frames, i, end, exact), isRepeated));
        }

        foreign = ForeignElement.Holds(element.ElementName, foreign);
        if (foreign)
        {
            _lists.ForeignPlaces.Add(place);
        }

        _isInSelect |= isSelect;
        Walk(frames, i, end, exact, loose, covered, isRepeated, foreign, place, node: 0);
        _isInSelect &= !isSelect;
    }

    private ulong AddHandler(in RenderTreeFrame attribute, ulong exact, ulong loose, bool covered)
    {
        var handler = DelegateOf(attribute);
        var identity = HandlerIdentity.Of(handler);
        var isBinding = attribute.AttributeEventUpdatesAttributeName is not null;
        var path = identity.IsAnchored && !isBinding ? loose : exact;
        var entry = new HandlerEntry
        {
            HandlerId = attribute.AttributeEventHandlerId,
            Hash = StableHash.Mix(StableHash.Mix(path, StableHash.Of(attribute.AttributeName)), identity.Hash),
            WantsArguments = !isBinding && handler is not (Action or Func<Task>),
            Guarded = identity.IsAnchored || covered ? null : handler,
        };
        Compare(ref entry);
        _lists.Entries.Add(entry);
        return entry.Hash + (entry.WantsArguments ? 1UL : 0);
    }

    /// <summary>Carries over what was known of the same address, and notes when its meaning changed.</summary>
    private void Compare(ref HandlerEntry entry)
    {
        var index = FindBefore(entry.Hash);
        if (index < 0)
        {
            entry.BoundAt = entry.Guarded is null ? 0 : Rebound();
            entry.IsLong = _disambiguate && IsAmbiguous(entry.Hash);
            return;
        }

        ref readonly var before = ref _before[index];
        entry.IsLong = before.IsLong;
        entry.BoundAt = entry.Guarded is null ? 0
            : _rebind || !HandlerIdentity.MeansTheSame(before.Guarded, entry.Guarded) ? Rebound()
            : before.BoundAt;
    }

    private long Rebound()
    {
        _hasRebound = true;
        return _sequence;
    }

    /// <summary>Finds an address among the previous ones, beginning after the last one that was found: mostly they come in the same order.</summary>
    private int FindBefore(ulong hash)
    {
        for (var i = 0; i < _before.Length; i++)
        {
            var index = _cursor + i < _before.Length ? _cursor + i : _cursor + i - _before.Length;
            if (_before[index].Hash == hash)
            {
                _cursor = index + 1 == _before.Length ? 0 : index + 1;
                return index;
            }
        }

        return -1;
    }

    private void WalkComponent(RenderTreeFrame[] frames, int index, ulong exact, int ordinal, bool covered, bool foreign, bool isRepeated)
    {
        ref readonly var frame = ref frames[index];
        var isKeyed = TryHashKey(frame.ComponentKey, out var key);
        var place = StableHash.Mix(StableHash.Mix(exact, (ulong)(uint)frame.Sequence), isKeyed ? key : (ulong)ordinal);
        var path = StableHash.Mix(place, StableHash.Of(frame.ComponentType.FullName));
        if (!_components.TryGetValue(frame.ComponentId, out var child))
        {
            child = new ComponentHandlers(frame.ComponentId, _current.ComponentId, path, isKeyed || covered, foreign)
            {
                SelectOwner = _isInSelect ? _current : _current.SelectOwner,
            };
            _components.Add(frame.ComponentId, child);
        }
        else if (child.Path != path)
        {
            child.Path = path;
            child.BoundAt = Rebound();
            _moved.Add(child);
        }

        child.IsCovered = isKeyed || covered;

        if (!isKeyed && (isRepeated || child.Parameters is not null))
        {
            var parameters = ParametersOf(frames, index);
            if (_rebind || child.Parameters is not { } before || !parameters.AsSpan().SequenceEqual(before))
            {
                child.BoundAt = Rebound();
            }

            child.Parameters = parameters;
        }
    }

    private static object?[] ParametersOf(RenderTreeFrame[] frames, int index)
    {
        var values = new List<object?> { frames[index].ComponentKey };
        for (var i = index + 1; i < index + frames[index].ComponentSubtreeLength; i++)
        {
            if (frames[i].FrameType == RenderTreeFrameType.Attribute && frames[i].AttributeValue is not (Delegate or EventCallback))
            {
                values.Add(frames[i].AttributeValue);
            }
        }

        return [.. values];
    }

    internal static MulticastDelegate? DelegateOf(in RenderTreeFrame attribute) => attribute.AttributeValue switch
    {
        MulticastDelegate handler => handler,
        EventCallback callback => FrameworkPrivates.DelegateOf(callback),
        _ => null,
    };

    /// <summary>Whether a region is all that its component shows. Its number tells it from nothing, and <c>EditForm</c> makes it from the hash code of its context, which
    /// is another in each instance.</summary>
    private static bool IsWhole(RenderTreeFrame[] frames, int index, int end) =>
        index == 0 && frames[0].FrameType == RenderTreeFrameType.Region && frames[0].RegionSubtreeLength == end;

    /// <summary>Siblings stand in the order of their sequences, but where a loop begins again.</summary>
    private static bool Repeats(RenderTreeFrame[] frames, int start, int end)
    {
        var last = -1;
        for (var i = start; i < end; i += LengthOf(frames[i]))
        {
            if (frames[i].Sequence <= last)
            {
                return true;
            }

            last = frames[i].Sequence;
        }

        return false;
    }

    private static Dictionary<int, int> CountSequences(RenderTreeFrame[] frames, int start, int end)
    {
        var totals = new Dictionary<int, int>();
        for (var i = start; i < end; i += LengthOf(frames[i]))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(totals, frames[i].Sequence, out _)++;
        }

        return totals;
    }

    /// <summary>Whether a hash of an element is that of a row without a key.</summary>
    public static bool IsRepeated(ulong hash) => (hash & 1) != 0;

    private ulong Flag(ulong hash, bool isRepeated)
    {
        _isRepeating |= isRepeated;
        return isRepeated ? hash | 1 : hash & ~1UL;
    }

    internal static int LengthOf(in RenderTreeFrame frame) => frame.FrameType switch
    {
        RenderTreeFrameType.Element => frame.ElementSubtreeLength,
        RenderTreeFrameType.Component => frame.ComponentSubtreeLength,
        RenderTreeFrameType.Region => frame.RegionSubtreeLength,
        _ => 1,
    };

    /// <summary>Keys that are the same in every instance: text, numbers and the like. Others are only good within one.</summary>
    private static bool TryHashKey(object? key, out ulong hash)
    {
        switch (key)
        {
            case string text:
                hash = StableHash.Of(text) | 1;
                return true;
            case int number:
                hash = StableHash.Mix(2, (ulong)number);
                return true;
            case long number:
                hash = StableHash.Mix(3, (ulong)number);
                return true;
            case IFormattable scalar when key.GetType().IsValueType:
                hash = StableHash.Of(scalar.ToString(null, System.Globalization.CultureInfo.InvariantCulture)) | 1;
                return true;
            default:
                hash = 0;
                return false;
        }
    }

    /// <summary>What a walk finds. One a thread, not one a page: between walks it is of no use.</summary>
    private sealed class Lists
    {
        [ThreadStatic]
        private static Lists? _ofThread;

        public List<HandlerEntry> Entries { get; } = [];

        public List<ulong> Elements { get; } = [];

        public List<ulong> RawTexts { get; } = [];

        public List<ulong> Selects { get; } = [];

        public List<ulong> ForeignPlaces { get; } = [];

        public static Lists Take()
        {
            var lists = _ofThread ??= new Lists();
            lists.Entries.Clear();
            lists.Elements.Clear();
            lists.RawTexts.Clear();
            lists.Selects.Clear();
            lists.ForeignPlaces.Clear();
            return lists;
        }
    }
}
