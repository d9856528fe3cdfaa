import { isControl, valueOf } from './controls';

/** The properties that the server reads of each kind of event (docs/protocol.md, "From the page"). */

const modifiers = 'ctrlKey shiftKey altKey metaKey';
const mouse = 'detail screenX screenY clientX clientY offsetX offsetY pageX pageY movementX movementY button buttons ' + modifiers;

const propertiesOf = (event: string): string => {
    if (/^(click|dblclick|contextmenu|mouse(down|up|over|out|move|enter|leave))$/.test(event))
        return mouse;
    if (/^key(down|up|press)$/.test(event))
        return 'key code location repeat isComposing ' + modifiers;
    if (event === 'wheel')
        return mouse + ' deltaX deltaY deltaZ deltaMode';
    return 'type';
};

/** Undefined where the handler reads nothing. */
export function payloadOf(event: Event, reads: boolean): unknown {
    if (event.type === 'change' || event.type === 'input')
        return valueOf(event.target);
    if (!reads)
        return undefined;
    const payload: Record<string, unknown> = {};
    for (const name of propertiesOf(event.type).split(' ')) {
        const value = (event as unknown as Record<string, unknown>)[name];
        if (value)
            payload[name] = value;
    }
    return payload;
}

/** Only the newest value of a control counts while the one before is under way. */
export function conflates(event: Event): boolean {
    return event.type === 'input' && isControl(event.target);
}
