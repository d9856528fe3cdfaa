import { ImpliedAttribute, Marker } from './constants';

/**
 * The nodes that the server counts (docs/protocol.md, "The page's HTML"), found in the document each time they are
 * needed: there is no copy of the tree that could differ from it.
 */

/** An element, or the comment that starts a component or the page. */
export type Parent = Element | Comment;

/** Siblings from `first` to `last`. */
export interface Range {
    readonly first: ChildNode;
    readonly last: ChildNode;
}

export type NodeKind = 'element' | 'text' | 'component' | 'markup';

export interface LogicalNode extends Range {
    readonly kind: NodeKind;
}

/** The document is not what the server believes; the page joins again. */
export class Mismatch extends Error {}

export const isElement = (node: Node | null | undefined): node is Element => node?.nodeType === Node.ELEMENT_NODE;
export const isText = (node: Node | null | undefined): node is Text => node?.nodeType === Node.TEXT_NODE;
export const isComment = (node: Node | null | undefined, data?: string): node is Comment =>
    node?.nodeType === Node.COMMENT_NODE && (data === undefined || (node as Comment).data === data);

/** A `<tbody>` or `<colgroup>` that the parser demands and the view did not write. */
export const isImplied = (node: Node | null | undefined): node is Element =>
    isElement(node) && node.hasAttribute(ImpliedAttribute);

/** All texts in these are one, and comments are text. */
export const isRawText = (element: Element): boolean => /^(textarea|title|style|script)$/.test(element.localName)
    && element instanceof HTMLElement;

/** Where the DOM keeps an element's children. */
export const contentOf = (element: Element): Element | DocumentFragment =>
    element instanceof HTMLTemplateElement ? element.content : element;

/** The start of the page's live part, if it has one. */
export const findPage = (): Comment | undefined => findStart(Marker.Page);

/** The comment in the document where a part of it starts: the page's live part, what is live in its head. */
export function findStart(marker: string): Comment | undefined {
    const comments = document.createTreeWalker(document, NodeFilter.SHOW_COMMENT);
    while (comments.nextNode()) {
        if (isComment(comments.currentNode, marker))
            return comments.currentNode;
    }
    return undefined;
}

/** The comment that ends what `start` starts. */
export function endOf(start: Comment): Comment {
    let depth = 1;
    for (let node = start.nextSibling; node; node = node.nextSibling) {
        if (!isComment(node))
            continue;
        if (node.data === `/${start.data}`) {
            if (--depth === 0)
                return node;
        } else if (start.data === Marker.Component) {
            if (node.data === Marker.Component)
                depth++;
            else if (node.data === Marker.Markup)
                node = endOf(node); // raw HTML may hold any comments
        }
    }
    throw new Mismatch(`The comment '/${start.data}' is not beside its start.`);
}

export function* nodesOf(parent: Parent): Generator<LogicalNode, void, undefined> {
    if (isComment(parent))
        yield* nodesBetween(parent.nextSibling, endOf(parent));
    else
        yield* nodesBetween(contentOf(parent).firstChild, null);
}

/** The nodes from `first` up to, but not including, `end`. */
export function* nodesBetween(first: ChildNode | null, end: ChildNode | null): Generator<LogicalNode, void, undefined> {
    for (let node = first; node && node !== end;) {
        let last: ChildNode = node;
        let kind: NodeKind | undefined;
        if (isImplied(node)) {
            yield* nodesBetween(node.firstChild, null);
        } else if (isElement(node)) {
            kind = 'element';
        } else if (isText(node)) {
            // Parsers split long texts; only a separator makes two of one.
            while (isText(last.nextSibling))
                last = last.nextSibling;
            kind = 'text';
        } else if (isComment(node, Marker.Empty)) {
            kind = 'text';
        } else if (isComment(node, Marker.Component) || isComment(node, Marker.Markup)) {
            last = endOf(node);
            kind = node.data === Marker.Component ? 'component' : 'markup';
        }
        // The caller may remove the node that it is given.
        const next: ChildNode | null = last.nextSibling;
        if (kind)
            yield { kind, first: node, last };
        node = next;
    }
}

/** Node `index` of `parent`, undefined where there are exactly `index` nodes. */
export function nodeOrEnd(parent: Parent, index: number): LogicalNode | undefined {
    let count = 0;
    for (const node of nodesOf(parent)) {
        if (count++ === index)
            return node;
    }
    if (count !== index)
        throw new Mismatch(`There is no node ${index} among ${count}.`);
    return undefined;
}

export function nodeAt(parent: Parent, index: number, kind?: NodeKind): LogicalNode {
    const node = nodeOrEnd(parent, index);
    if (!node || (kind && node.kind !== kind))
        throw new Mismatch(`Node ${index} is no ${kind ?? 'node'}.`);
    return node;
}

export function elementAt(parent: Parent, index: number): Element {
    return nodeAt(parent, index, 'element').first as Element;
}

/** All elements between a start comment and its end that match. */
export function* elementsIn(start: Comment, selector: string): Generator<Element, void, undefined> {
    for (const root of rootsOf(start)) {
        if (root.matches(selector))
            yield root;
        yield* root.querySelectorAll(selector);
    }
}

/** The outermost elements between a start comment and its end. */
export const rootsOf = (start: Comment): Element[] => siblings(start, endOf(start)).filter(isElement);

/** Keeps two neighbouring texts apart, which the DOM would let merge. */
export function separate(left: ChildNode | null, right: ChildNode | null): void {
    if (isText(left) && isText(right))
        left.after(document.createComment(Marker.Separator));
}

export function siblings(first: ChildNode | null, last: ChildNode | null): ChildNode[] {
    const nodes: ChildNode[] = [];
    for (let node = first; node; node = node.nextSibling) {
        nodes.push(node);
        if (node === last)
            break;
    }
    return nodes;
}
