import { ClickPrefix, PostAttribute, PostKey, StateField } from './constants';
import { findHandler } from './handlers';
import { elementsIn } from './tree';

/** What the server gave a page so that it can post without the script (docs/protocol.md, "Pages without the script"). */

/** For each attribute that an element was given: the live page's value, null where it has none. */
function liveValues(element: Element): Map<string, string | null> {
    return new Map((element.getAttribute(PostAttribute) ?? '').split(' ').filter(Boolean).map(entry => {
        const [name, value] = entry.split(':') as [string, string?];
        return [name, value === undefined ? null : decodeURIComponent(value)];
    }));
}

/** Names and values of an element's attributes as the live page has them. */
export function liveAttributes(element: Element, valueOf: (name: string) => string): [name: string, value: string][] {
    const names = element.getAttributeNames();
    if (!element.hasAttribute(PostAttribute))
        return names.map(name => [name, valueOf(name)]);
    const live = liveValues(element);
    return names.filter(name => name !== PostAttribute && live.get(name) !== null).map(name => [name, live.get(name) ?? valueOf(name)]);
}

/** The page is live: its elements become what the server's tree has. The forms themselves stay. */
export function takeBack(page: Comment): void {
    for (const element of elementsIn(page, `[${PostAttribute}]`)) {
        for (const [name, value] of liveValues(element)) {
            if (value === null)
                element.removeAttribute(name);
            else
                element.setAttribute(name, value);
        }
        element.removeAttribute(PostAttribute);
    }
    for (const element of document.querySelectorAll(`[${PostAttribute}=""]`))
        element.remove();
}

/** What a redirect after a POST carried in the address is of no use to anybody who copies it. */
export function cleanAddress(): void {
    const clean = location.href.replace(new RegExp(`([?&])${PostKey}=[^&#]*&?`), '$1').replace(/[?&](?=#|$)/, '');
    if (clean !== location.href)
        history.replaceState(history.state, '', clean);
}

/** The button that this event clicks, where it was served to post that click and, live, submits nothing. */
export function clicked({ type, target }: Event): HTMLButtonElement | null {
    return type === 'click' ? (target as Element).closest<HTMLButtonElement>(`[name^="${ClickPrefix}"]`) : null;
}

/** What the browser would post for this event of the handler at `address`; undefined where that is nothing that the server takes. */
export function postOf(event: Event, address: string): FormData | undefined {
    const button = clicked(event);
    const form = button ? button.form : event.target as HTMLFormElement;
    // Other handlers hear the same event, and one POST is enough.
    if (!form || (button ? button.name !== ClickPrefix + address : event.type !== 'submit' || findHandler(form, 'submit')?.address !== address))
        return undefined;
    const post = new FormData(form, button ?? (event as SubmitEvent).submitter);
    return post.has(StateField) ? post : undefined;
}

/** Leaves the page as a form with these fields does. */
export function submit(fields: FormData): void {
    const form = document.createElement('form');
    form.method = 'post';
    for (const [name, value] of fields) {
        const input = document.createElement('input');
        Object.assign(input, { type: 'hidden', name, value });
        form.append(input);
    }
    document.body.append(form);
    // A field may be named `submit`.
    HTMLFormElement.prototype.submit.call(form);
}
