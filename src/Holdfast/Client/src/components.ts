import { Mismatch, type Parent, isComment, isElement, nodesBetween, nodesOf } from './tree';

/** Owns which number is which component: the page is 0, the others count as their comments come. */
export class Components {
    readonly #starts = new Map<number, Comment>();
    #numbers = new WeakMap<Node, number>();
    #next = 0;

    /** Begins anew with the page. */
    reset(page: Comment): void {
        this.#starts.clear();
        this.#numbers = new WeakMap();
        this.#next = 0;
        this.#add(page);
        this.#count(nodesOf(page));
    }

    find(number: number): Comment {
        const start = this.#starts.get(number);
        if (!start)
            throw new Mismatch(`There is no component ${number}.`);
        return start;
    }

    /** Numbers those in HTML that was inserted. */
    added(nodes: readonly ChildNode[]): void {
        const last = nodes.at(-1);
        if (last)
            this.#count(nodesBetween(nodes[0]!, last.nextSibling));
    }

    /** Forgets those in what was removed. */
    removed(nodes: readonly ChildNode[]): void {
        for (const node of nodes) {
            this.#forget(node);
            if (isElement(node)) {
                const comments = document.createTreeWalker(node, NodeFilter.SHOW_COMMENT);
                while (comments.nextNode())
                    this.#forget(comments.currentNode);
            }
        }
    }

    #count(nodes: ReturnType<typeof nodesOf>): void {
        for (const { kind, first } of nodes) {
            if (kind === 'component')
                this.#add(first as Comment);
            if (kind === 'component' || (kind === 'element' && first.hasChildNodes()) || first instanceof HTMLTemplateElement)
                this.#count(nodesOf(first as Parent));
        }
    }

    #add(start: Comment): void {
        this.#numbers.set(start, this.#next);
        this.#starts.set(this.#next++, start);
    }

    #forget(node: Node): void {
        const number = isComment(node) ? this.#numbers.get(node) : undefined;
        if (number !== undefined)
            this.#starts.delete(number);
    }
}
