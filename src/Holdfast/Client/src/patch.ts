import type { Components } from './components';
import { isCheckable, isControl, selectGiven, setAttribute } from './controls';
import type { Fields } from './fields';
import { parseFragment } from './html';
import { arrange } from './arrange';
import { HandlerAttribute, ImpliedAttribute } from './constants';
import {
    type LogicalNode, Mismatch, type Parent, contentOf, elementAt, endOf, isComment, isImplied, isRawText, isText, nodeAt,
    nodeOrEnd, nodesOf, separate, siblings,
} from './tree';

type Edit = number | ['t' | 'm' | 'i' | 'x' | 'w', number, string] | ['a', number, string, unknown] | ['r', number] | ['p', number[]];
export type ComponentEdits = [number: number, ...edits: Edit[]];

/** Makes the page equal to the view, edit by edit (docs/protocol.md, "Patches"). Throws `Mismatch` where it cannot. */
export class Patch {
    readonly #components: Components;
    readonly #fields: Fields;
    readonly #hear: (elements: Iterable<Element>) => void;
    /** Values wait for the options that later edits bring. */
    #selects: (() => void)[] = [];
    /** The first element that was given `autofocus`. */
    #focus: HTMLElement | null = null;

    constructor(components: Components, fields: Fields, hear: (elements: Iterable<Element>) => void) {
        this.#components = components;
        this.#fields = fields;
        this.#hear = hear;
    }

    apply(components: readonly ComponentEdits[]): void {
        for (const [number, ...edits] of components)
            this.#walk(this.#components.find(number), edits);
        for (const select of this.#selects.splice(0))
            select();
        // Browsers heed the attribute only while a document is loaded. Whoever is typing is not interrupted.
        if (this.#focus?.isConnected && !this.#fields.isUntold(document.activeElement))
            this.#focus.focus();
        this.#focus = null;
    }

    #walk(component: Comment, edits: readonly Edit[]): void {
        const parents: Parent[] = [component];
        for (const edit of edits) {
            const parent = parents.at(-1);
            if (!parent)
                throw new Mismatch('A patch stepped out of its component.');
            if (edit === -1)
                parents.pop();
            else if (typeof edit === 'number')
                parents.push(elementAt(parent, edit));
            else
                this.#edit(parent, edit);
        }
    }

    #edit(parent: Parent, edit: Exclude<Edit, number>): void {
        switch (edit[0]) {
            case 't': return setText(nodeAt(parent, edit[1], 'text'), edit[2]);
            case 'm': return this.#setMarkup(nodeAt(parent, edit[1], 'markup'), edit[2]);
            case 'i': return this.#insert(parent, edit[1], edit[2]);
            case 'r': return this.#remove(nodeAt(parent, edit[1]));
            case 'a': return this.#setAttribute(elementAt(parent, edit[1]), edit[2], edit[3]);
            case 'x': return this.#setAttribute(elementAt(parent, edit[1]), edit[2], null);
            case 'w': return this.#setRawText(elementAt(parent, edit[1]), edit[2]);
            case 'p': return permute(parent, edit[1]);
            default: throw new Mismatch(`'${edit[0]}' is no edit.`);
        }
    }

    #setMarkup({ first, last }: LogicalNode, html: string): void {
        for (const node of siblings(first, last).slice(1, -1))
            node.remove();
        last.before(parseFragment(html, first.parentNode!));
    }

    #insert(parent: Parent, index: number, html: string): void {
        const ref = nodeOrEnd(parent, index);
        const before = index > 0 ? nodeAt(parent, index - 1) : undefined;
        const place = placeFor(parent, before, ref);
        const fragment = parseFragment(html, place.parent);
        const nodes = [...fragment.childNodes];
        const [first, last] = [nodes[0], nodes.at(-1)];
        if (!first || !last)
            throw new Mismatch('There is no node to insert.');
        this.#hear(fragment.querySelectorAll(`[${HandlerAttribute}]`));
        this.#focus ??= fragment.querySelector('[autofocus]');
        insertAt(place, before, fragment);
        separate(first.previousSibling, first);
        separate(last, last.nextSibling);
        this.#components.added(nodes);
    }

    #remove({ first, last }: LogicalNode): void {
        const nodes = siblings(first, last);
        const { previousSibling } = first;
        const { nextSibling } = last;
        this.#components.removed(nodes);
        for (const node of nodes)
            node.remove();
        separate(previousSibling, nextSibling);
    }

    #setAttribute(element: Element, name: string, value: unknown): void {
        if (element instanceof HTMLSelectElement && name === 'value') {
            const show = this.#fields.writing(element);
            this.#selects.push(() => {
                selectGiven(element, value);
                show();
            });
        } else if (element instanceof HTMLTextAreaElement && name === 'value') {
            this.#setRawText(element, String(value ?? ''));
        } else {
            const control = controlShowing(element, name);
            const show = control && this.#fields.writing(control);
            if (value === null || value === undefined)
                element.removeAttribute(name);
            else
                setAttribute(element, name, value === true ? '' : String(value));
            if (control instanceof HTMLSelectElement)
                this.#selects.push(show!);
            else
                show?.();
            if (name === HandlerAttribute)
                this.#hear([element]);
            if (name === 'autofocus' && element.hasAttribute(name))
                this.#focus ??= element as HTMLElement;
        }
    }

    #setRawText(element: Element, text: string): void {
        if (!isRawText(element))
            throw new Mismatch(`<${element.localName}> has no text of its own.`);
        const show = isControl(element) ? this.#fields.writing(element) : undefined;
        element.textContent = text;
        show?.();
    }
}

/** The control whose live value follows from this attribute. */
function controlShowing(element: Element, name: string) {
    if (name === 'selected')
        return element.closest('select') ?? undefined;
    return isControl(element) && name === (isCheckable(element) ? 'checked' : 'value') ? element : undefined;
}

function setText({ first, last }: LogicalNode, text: string): void {
    if (isComment(first)) {
        const node = document.createTextNode(text);
        const { previousSibling, nextSibling } = first;
        first.replaceWith(node);
        separate(previousSibling, node);
        separate(node, nextSibling);
        return;
    }
    for (const node of siblings(first, last).slice(1))
        node.remove();
    first.nodeValue = text;
}

interface Place {
    parent: Node;
    ref: ChildNode | null;
}

function placeFor(parent: Parent, before: LogicalNode | undefined, ref: LogicalNode | undefined): Place {
    if (ref)
        return { parent: ref.first.parentNode!, ref: ref.first };
    if (isComment(parent)) {
        const end = endOf(parent);
        return { parent: end.parentNode!, ref: end };
    }
    return { parent: contentOf(parent), ref: before && !isImplied(before.last.parentNode) ? before.last.nextSibling : null };
}

const impliedBy: Record<string, string> = { TR: 'tbody', COL: 'colgroup' };

/** The parser's implied elements are no nodes, so an insertion finds them, makes them or steps out of them by itself. */
function insertAt({ parent, ref }: Place, before: LogicalNode | undefined, fragment: DocumentFragment): void {
    const implied = impliedBy[fragment.firstElementChild?.nodeName ?? ''];
    const previous = before?.last.parentNode;
    if (parent.nodeName === 'TABLE' && implied) {
        if (isImplied(previous) && previous.localName === implied) {
            before!.last.after(fragment);
            return;
        }
        const section = document.createElement(implied);
        section.setAttribute(ImpliedAttribute, '');
        section.append(fragment);
        parent.insertBefore(section, ref);
    } else if (isImplied(parent) && fragment.firstElementChild && implied !== parent.localName && !ref?.previousSibling) {
        parent.before(fragment);
    } else {
        parent.insertBefore(fragment, ref);
    }
}

function permute(parent: Parent, pairs: readonly number[]): void {
    const nodes = [...nodesOf(parent)];
    const order = [...nodes.keys()];
    for (let i = 0; i + 1 < pairs.length; i += 2)
        order[pairs[i + 1]!] = pairs[i]!;
    if (order.length !== nodes.length || new Set(order).size !== nodes.length || order.some(index => !nodes[index]))
        throw new Mismatch('A permutation names nodes that are not there.');
    const [low, high] = [Math.min(...pairs), Math.max(...pairs)];
    const last = nodes[high];
    if (!last)
        return;
    const moved = order.slice(low, high + 1);
    arrange(moved.map(index => nodes[index]!), moved, last.last.parentNode!, last.last.nextSibling);
    for (const { first, last } of nodesOf(parent)) {
        if (isText(first))
            separate(last, last.nextSibling);
    }
}
