import type { Components } from './components';
import { isCheckable, isControl, selectGiven, setAttribute } from './controls';
import type { Fields } from './fields';
import { parseFragment } from './html';
import { arrange } from './arrange';
import { HandlerAttribute, ImpliedAttribute, Marker } from './constants';
import {
    type LogicalNode, Mismatch, type Parent, type Range, contentOf, elementAt, endOf, isComment, isElement, isImplied, isRawText, isText,
    nodeAt, nodeOrEnd, nodesOf, separate, siblings,
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
        if (this.#focus?.isConnected && !this.#fields.isBusy(document.activeElement))
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
            else if (isComment(parent) || !isRawText(parent))
                this.#edit(parent, edit);
        }
    }

    #edit(parent: Parent, edit: Exclude<Edit, number>): void {
        switch (edit[0]) {
            case 't': return setText(nodeAt(parent, edit[1], 'text'), edit[2]);
            case 'm': return this.#setMarkup(parent, edit[1], edit[2]);
            case 'i': return this.#insert(parent, edit[1], edit[2]);
            case 'r': return this.#remove(nodeAt(parent, edit[1]));
            case 'a': return this.#setAttribute(elementAt(parent, edit[1]), edit[2], edit[3]);
            case 'x': return this.#setAttribute(elementAt(parent, edit[1]), edit[2], null);
            case 'w': return this.#setRawText(elementAt(parent, edit[1]), edit[2]);
            case 'p': return permute(parent, edit[1]);
            default: throw new Mismatch(`'${edit[0]}' is no edit.`);
        }
    }

    /** Markup that is only space is a text in the document, so the one may become the other. */
    #setMarkup(parent: Parent, index: number, html: string): void {
        if (!/^[mt]/.test(nodeAt(parent, index).kind))
            throw new Mismatch(`Node ${index} is no markup.`);
        this.#insert(parent, index, html);
        this.#remove(nodeAt(parent, index + 1));
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
        place.parent.insertBefore(fragment, place.ref);
        separate(first.previousSibling, first);
        separate(last, last.nextSibling);
        imply(place.parent);
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

/**
 * The parser's implied elements are no nodes, so the server says nothing of them: after an edit in a table, its rows and
 * columns are put into such elements, and all else out of them.
 */
function imply(parent: Node): void {
    const table = isImplied(parent) ? parent.parentNode! : parent;
    if (table.nodeName !== 'TABLE')
        return;
    for (const section of [...table.childNodes].filter(isImplied))
        expel(section);
    for (const { first, last, implied } of unitsOf(table)) {
        if (!implied)
            continue;
        let from = first;
        while (isText(from.previousSibling) || isComment(from.previousSibling, Marker.Empty) || isComment(from.previousSibling, Marker.Separator))
            from = from.previousSibling;
        const section = from.previousSibling;
        if (isImplied(section) && section.localName === implied) {
            const { lastChild } = section;
            section.append(...siblings(from, last));
            separate(lastChild, from);
        } else {
            const made = document.createElement(implied);
            made.setAttribute(ImpliedAttribute, '');
            first.before(made);
            made.append(...siblings(first, last));
        }
    }
}

/** What is no row (or no column) leaves, and cuts the element in two. */
function expel(section: Element): void {
    const stranger = unitsOf(section).find(({ implied }) => implied !== undefined && implied !== section.localName);
    if (stranger) {
        const rest = section.cloneNode() as Element;
        rest.append(...siblings(stranger.last.nextSibling, null));
        section.after(...siblings(stranger.first, stranger.last), rest);
        expel(rest);
    }
    if (!section.firstChild) {
        const { previousSibling, nextSibling } = section;
        section.remove();
        separate(previousSibling, nextSibling);
    }
}

interface Unit extends Range {
    /** The name of the element that the parser puts it into; empty: none; undefined: it may stand anywhere. */
    readonly implied: string | undefined;
}

/** What stands in a table or in an implied element: nodes, but markup blocks as a whole. */
function unitsOf(parent: Node): Unit[] {
    const units: Unit[] = [];
    for (let first = parent.firstChild; first; first = units.at(-1)!.last.nextSibling) {
        const last = isComment(first, Marker.Markup) ? endOf(first) : first;
        const element = siblings(first, last).find(isElement);
        const isBound = element || (isComment(first) && /^\/?c$/.test(first.data));
        units.push({ first, last, implied: isBound ? impliedBy[element?.nodeName ?? ''] ?? '' : undefined });
    }
    return units;
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
    for (const { first, last } of nodes) {
        separate(first.previousSibling, first);
        separate(last, last.nextSibling);
    }
    imply(isComment(parent) ? parent.parentNode! : parent);
}
