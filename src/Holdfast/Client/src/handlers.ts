import { HandlerAttribute } from './constants';

/** One entry of `data-hf`. */
export interface Handler {
    readonly event: string;
    /** Empty where there are only flags. */
    readonly address: string;
    /** `a` reads the event's properties, `p` prevents the default action, `s` stops propagation. */
    readonly flags: string;
}

export function handlersOf(element: Element): Handler[] {
    return (element.getAttribute(HandlerAttribute) ?? '').split(' ').filter(Boolean).map(entry => {
        const colon = entry.indexOf(':');
        const [address = '', flags = ''] = entry.slice(colon + 1).split('.');
        return { event: entry.slice(0, colon), address, flags };
    });
}

export function findHandler(element: Element, event: string): Handler | undefined {
    return handlersOf(element).find(handler => handler.event === event);
}
