import { arrange } from './arrange';
import { isControl, setAttribute } from './controls';
import { HandlerAttribute } from './constants';
import type { Fields } from './fields';
import { parseFragment } from './html';
import { givenValue } from './styles';
import { contentOf, endOf, isElement, isRawText, siblings } from './tree';

/**
 * Makes the page show this HTML and keeps every node that can stay, with its focus, selection, scroll and typed text.
 * Answers whether anything differed.
 */
export function adopt(page: Comment, html: string, fields: Fields): boolean {
    const adoption = new Adoption(fields);
    const fresh = parseFragment(html, page.parentNode!);
    adoption.children(page.parentNode!, page.nextSibling, endOf(page), [...fresh.childNodes]);
    return adoption.changed;
}

class Adoption {
    readonly #fields: Fields;
    changed = false;

    constructor(fields: Fields) {
        this.#fields = fields;
    }

    /** Makes the siblings from `first` up to, but not including, `end` equal to `fresh`. */
    children(parent: Node, first: ChildNode | null, end: ChildNode | null, fresh: ChildNode[]): void {
        const old = first === end ? [] : siblings(first, end ? end.previousSibling : null);
        let start = 0, oldEnd = old.length, freshEnd = fresh.length;
        while (start < oldEnd && start < freshEnd && old[start]!.isEqualNode(fresh[start]!))
            start++;
        while (start < oldEnd && start < freshEnd && old[oldEnd - 1]!.isEqualNode(fresh[freshEnd - 1]!))
            oldEnd--, freshEnd--;
        if (start === oldEnd && start === freshEnd)
            return;

        const ref = old[oldEnd] ?? end;
        const leaving = old.slice(start, oldEnd);
        const coming = fresh.slice(start, freshEnd);
        const kept = pair(leaving, coming);
        const keptNodes = new Set(kept);
        for (const node of leaving) {
            if (!keptNodes.has(node)) {
                node.remove();
                this.changed = true;
            }
        }
        const indices = new Map(leaving.map((node, i) => [node, i]));
        const places = kept.map(node => node ? indices.get(node)! : -1);
        if (places.some((place, i) => place < 0 || (i > 0 && place < places[i - 1]!)))
            this.changed = true;
        arrange(kept.map((node, i) => ({ first: node ?? coming[i]!, last: node ?? coming[i]! })), places, parent, ref);
        kept.forEach((node, i) => {
            if (node)
                this.#node(node, coming[i]!);
        });
    }

    #node(old: ChildNode, fresh: ChildNode): void {
        if (old.isEqualNode(fresh))
            return;
        if (isElement(old) && isElement(fresh))
            this.#element(old, fresh);
        else
            this.#text(old, fresh.nodeValue);
    }

    #element(old: Element, fresh: Element): void {
        const show = isControl(old) ? this.#fields.hold(old) : undefined;
        this.#attributes(old, fresh);
        if (isRawText(old))
            this.#text(old, fresh.textContent);
        else if (old.localName !== 'noscript') // where scripts run its content is text, in a fragment it is nodes
            this.children(contentOf(old), contentOf(old).firstChild, null, [...contentOf(fresh).childNodes]);
        show?.();
    }

    #attributes(old: Element, fresh: Element): void {
        for (const { name } of [...old.attributes]) {
            if (!fresh.hasAttribute(name) && !isOpenedByUser(old, name)) {
                old.removeAttribute(name);
                this.changed = true;
            }
        }
        for (const { name } of fresh.attributes) {
            const value = givenValue(fresh, name)!;
            if (givenValue(old, name) !== value && !isOpenedByUser(old, name)) {
                setAttribute(old, name, value);
                this.changed = true;
            }
        }
    }

    #text(old: Node, text: string | null): void {
        if (old.textContent !== text) {
            old.textContent = text;
            this.changed = true;
        }
    }
}

/** A browser writes down what the user opened in the attribute that also sets the default. */
const isOpenedByUser = (element: Element, name: string) => name === 'open' && element.localName === 'details';

/**
 * For each new node the old one that becomes it: by identity, else the next of the same kind, else any of the same kind.
 */
function pair(old: readonly ChildNode[], fresh: readonly ChildNode[]): (ChildNode | undefined)[] {
    const free = new Set(old);
    const indices = new Map(old.map((node, i) => [node, i]));
    const result = new Array<ChildNode | undefined>(fresh.length).fill(undefined);
    const take = (index: number, node: ChildNode | undefined) => {
        if (node && free.delete(node))
            result[index] = node;
    };

    const byIdentity = new Map<string, ChildNode[]>();
    for (const node of old) {
        const identity = identityOf(node);
        const same = identity && byIdentity.get(identity);
        if (same)
            same.push(node);
        else if (identity)
            byIdentity.set(identity, [node]);
    }
    fresh.forEach((node, i) => {
        const same = byIdentity.get(identityOf(node) ?? '');
        if (same?.length && isAlike(same[0]!, node))
            take(i, same.shift());
    });

    let next = 0;
    fresh.forEach((node, i) => {
        if (result[i]) {
            next = Math.max(next, indices.get(result[i]!)! + 1);
            return;
        }
        while (next < old.length && !free.has(old[next]!))
            next++;
        // A text or comment costs nothing to make, so it skips no element.
        let at = next;
        while (isElement(node) && at < old.length && !(free.has(old[at]!) && isAlike(old[at]!, node)))
            at++;
        if (at < old.length && isAlike(old[at]!, node)) {
            take(i, old[at]);
            next = at + 1;
        }
    });

    fresh.forEach((node, i) => {
        if (!result[i] && isElement(node))
            take(i, [...free].find(candidate => isAlike(candidate, node)));
    });
    return result;
}

/** What tells one node from its neighbours: its own `id` or handlers, else those of the first in it. */
function identityOf(node: ChildNode): string | undefined {
    if (!isElement(node))
        return undefined;
    const bearer = node.matches(identified) ? node : node.querySelector(identified);
    return bearer ? `${node.nodeName} ${bearer.id || bearer.getAttribute(HandlerAttribute)}` : undefined;
}

const identified = `[id],[${HandlerAttribute}]`;

/** Typed text must not pass from one control to another. */
function isAlike(old: ChildNode, fresh: ChildNode): boolean {
    return old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName
        && (!isElement(old) || old.namespaceURI === (fresh as Element).namespaceURI)
        && (!isControl(old) || isSameControl(old, fresh as Element));
}

/** In a list the rows' controls differ in their handlers only; after a deploy all handlers may differ. */
function isSameControl(old: Element, fresh: Element): boolean {
    const agree = (other: Element, names: string[]) => names.every(name => old.getAttribute(name) === other.getAttribute(name));
    return agree(fresh, ['id', 'name', 'type'])
        && (!!old.id || agree(fresh, [HandlerAttribute])
            || [...document.querySelectorAll(old.localName)].filter(other => agree(other, ['name', 'type'])).length < 2);
}
