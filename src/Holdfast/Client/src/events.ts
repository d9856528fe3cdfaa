import { findHandler, handlersOf } from './handlers';
import { clicked } from './posts';

export interface EventListener {
    /** A handler of the server is for this event. */
    happened(event: Event, address: string, reads: boolean): void;
    /** Whether all is left to the browser, which posts forms, since no socket can be had. */
    readonly postsForms: boolean;
}

/**
 * Owns the listeners on the document, one pair for each event that a `data-hf` names. An event goes up from its target
 * as in the DOM.
 */
export class Events {
    readonly #listener: EventListener;
    /** Each event heard, and whether a handler may prevent its default action. */
    readonly #heard = new Map<string, boolean>();
    /** Set while the page is altered: what its alteration causes (a blur, a change) is nothing that the user did. */
    quiet = false;

    constructor(listener: EventListener) {
        this.#listener = listener;
    }

    stop(): void {
        for (const name of this.#heard.keys())
            this.#ignore(name);
        this.#heard.clear();
    }

    /** Hears what these elements have handlers for. */
    hear(elements: Iterable<Element>): void {
        for (const element of elements) {
            for (const { event, flags } of handlersOf(element)) {
                const prevents = flags.includes('p');
                const heard = this.#heard.get(event);
                if (heard === undefined || (prevents && !heard))
                    this.#hear(event, prevents);
            }
        }
    }

    #hear(name: string, prevents: boolean): void {
        this.#ignore(name);
        this.#heard.set(name, prevents);
        // Browsers scroll without waiting for passive listeners, so only a preventing one is not.
        const passive = !prevents && /^(wheel|touch|mousewheel)/.test(name);
        document.addEventListener(name, this.#direct, { capture: true, passive });
        document.addEventListener(name, this.#bubbled, { passive });
    }

    #ignore(name: string): void {
        document.removeEventListener(name, this.#direct, true);
        document.removeEventListener(name, this.#bubbled);
    }

    // Events that do not bubble reach the document only on their way down, and are for their target alone.
    readonly #direct = (event: Event): void => {
        if (!event.bubbles && event.target instanceof Element)
            this.#dispatch(event, [event.target]);
    };

    readonly #bubbled = (event: Event): void => {
        if (event.bubbles && event.target instanceof Element)
            this.#dispatch(event, ancestors(event.target));
    };

    #dispatch(event: Event, path: Iterable<Element>): void {
        if (this.quiet || this.#listener.postsForms)
            return;
        if (clicked(event))
            event.preventDefault();
        for (const element of path) {
            const handler = findHandler(element, event.type);
            if (!handler || (element as { disabled?: boolean }).disabled === true)
                continue;
            if (handler.flags.includes('p') || (event.type === 'submit' && handler.address))
                event.preventDefault();
            if (handler.address)
                this.#listener.happened(event, handler.address, handler.flags.includes('a'));
            if (handler.flags.includes('s'))
                break;
        }
    }
}

function* ancestors(target: Element): Generator<Element> {
    for (let element: Element | null = target; element; element = element.parentElement)
        yield element;
}
