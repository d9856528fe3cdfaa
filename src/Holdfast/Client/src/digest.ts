import { type LogicalNode, type Parent, isComment, isElement, isRawText, isText, nodesOf, siblings } from './tree';
import { liveAttributes } from './posts';
import { givenValue } from './styles';

/** Two numbers, each fed 16 bits at a time. Source: FNV-1a; the second multiplier is that of MurmurHash3. */
class Sum {
    a = 0x811c9dc5;
    b = 0x9e3779b9;

    unit(value: number): void {
        this.a = Math.imul(this.a ^ value, 0x01000193);
        this.b = Math.imul(this.b ^ value, 0x85ebca6b);
    }

    text(text: string): void {
        for (let i = 0; i < text.length; i++)
            this.unit(text.charCodeAt(i));
    }

    number(value: number): void {
        this.unit(value & 0xffff);
        this.unit(value >>> 16);
    }

    toString(): string {
        return hex(this.a) + hex(this.b);
    }
}

/** Source: the finaliser of MurmurHash3, its first half. */
function mixed(value: number): number {
    value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
    return value ^ (value >>> 13);
}

const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0');

/** Shows whether the document holds what the server would write between the page's markers. */
export function digestOf(page: Comment): string {
    const sum = new Sum();
    feedNodes(sum, page);
    return sum.toString();
}

function feedNodes(sum: Sum, parent: Parent): void {
    for (const node of nodesOf(parent))
        feed[node.kind](sum, node);
}

const feed: Record<LogicalNode['kind'], (sum: Sum, node: LogicalNode) => void> = {
    element(sum, { first }) {
        const element = first as Element;
        sum.unit(1);
        sum.text(element.localName);
        sum.unit(2);
        feedAttributes(sum, element);
        if (isRawText(element))
            feedText(sum, element.textContent ?? '', true);
        else
            feedNodes(sum, element);
        sum.unit(3);
    },
    text(sum, { first, last }) {
        feedText(sum, isText(first) ? siblings(first, last).map(node => node.nodeValue).join('') : '', false);
    },
    component(sum, { first }) {
        sum.unit(6);
        feedNodes(sum, first as Comment);
        sum.unit(7);
    },
    markup(sum, { first, last }) {
        sum.unit(8);
        for (const node of siblings(first, last).slice(1, -1))
            sum.text(serialise(node));
        sum.unit(9);
    },
};

function feedText(sum: Sum, text: string, unlessEmpty: boolean): void {
    if (unlessEmpty && !text)
        return;
    sum.unit(4);
    sum.text(text);
    sum.unit(5);
}

/** Attributes have no order, so their sums are added; mixed before, lest two values that change places add up to the same. */
function feedAttributes(sum: Sum, element: Element): void {
    let a = 0, b = 0;
    for (const [name, value] of liveAttributes(element, name => givenValue(element, name)!)) {
        const one = new Sum();
        one.text(name);
        one.unit(0);
        one.text(value);
        a = (a + mixed(one.a)) | 0;
        b = (b + mixed(one.b)) | 0;
    }
    sum.number(a);
    sum.number(b);
}

function serialise(node: Node): string {
    if (isElement(node))
        return node.outerHTML;
    if (isComment(node))
        return `<!--${node.data}-->`;
    return node.nodeValue!.replace(/[&\u00a0<>]/g, char => entities[char]!);
}

const entities: Record<string, string> = { '&': '&amp;', '\u00a0': '&nbsp;', '<': '&lt;', '>': '&gt;' };

