import { isControl, valueOf } from './controls';

/** The properties that the server reads of each kind of event (docs/protocol.md, "From the page"). */

type Payload = Record<string, unknown>;

const modifiers = ' ctrlKey shiftKey altKey metaKey';
const places = 'screenX screenY clientX clientY pageX pageY';
const mouse = 'detail offsetX offsetY movementX movementY button buttons ' + places + modifiers;

const kinds: [RegExp, string][] = [
    [/^((dbl)?click|contextmenu|mouse(down|up|over|out|move|enter|leave))$/, mouse],
    [/^key(down|up|press)$/, 'key code location repeat isComposing' + modifiers],
    [/^(mouse)?wheel$/, mouse + ' deltaX deltaY deltaZ deltaMode'],
    [/pointer(cancel|capture|down|enter|leave|move|out|over|up)$/, mouse + ' pointerId width height pressure tiltX tiltY pointerType isPrimary'],
    [/^(drag|drop$)/, mouse + ' dataTransfer'],
    [/^touch/, 'detail touches targetTouches changedTouches' + modifiers],
    [/^(load(start|end)?|progress|abort|timeout)$/, 'lengthComputable loaded total'],
    [/^error$/, 'message filename lineno colno'],
];

const pick = (source: object, names: string): Payload => {
    const picked: Payload = {};
    for (const name of names.split(' ')) {
        const value = (source as Payload)[name];
        if (value)
            picked[name] = typeof value === 'object' ? copy(value) : value;
    }
    return picked;
};

/** A list of touches, or what is dragged: the names of files, never what is in them. */
const copy = (value: object): unknown => {
    if (!('items' in value))
        return Array.from(value as ArrayLike<Touch>, touch => pick(touch, 'identifier ' + places));
    const { types, files, items } = value as DataTransfer;
    return {
        ...pick(value, 'dropEffect effectAllowed'),
        types,
        files: Array.from(files, file => file.name),
        items: Array.from(items, item => pick(item, 'kind type')),
    };
};

/** What the page's own scripts put into an event: its detail, and whatever they added to it. */
function ownOf(event: Event): unknown {
    const { isTrusted: _, ...own } = event as object as Payload;
    const detail: unknown = event instanceof CustomEvent ? event.detail : null;
    const json = JSON.stringify({ type: event.type, ...own, ...typeof detail === 'object' ? detail : { detail } });
    // The server would close the connection for it, again and again.
    if (json.length > MaxPayload || depthOf(JSON.parse(json)) > MaxDepth)
        throw new RangeError(`The detail of the event '${event.type}' is too big to be sent.`);
    return JSON.parse(json);
}

const depthOf = (value: unknown): number =>
    value && typeof value === 'object' ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

const MaxPayload = 20_000;
const MaxDepth = 14;

/** Undefined where the handler reads nothing. */
export function payloadOf(event: Event, reads: boolean): unknown {
    if (event.type === 'change' || event.type === 'input')
        return valueOf(event.target);
    if (!reads)
        return undefined;
    const kind = kinds.find(([events]) => events.test(event.type));
    return kind ? pick(event, kind[1]) : ownOf(event);
}

/** Only the newest value of a control counts while the one before is under way. */
export function conflates(event: Event): boolean {
    return event.type === 'input' && isControl(event.target);
}
