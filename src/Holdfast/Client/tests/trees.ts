import { adopt } from '../src/adopt';
import { Components } from '../src/components';
import { isCheckable, isControl, valueOf } from '../src/controls';
import { digestOf } from '../src/digest';
import { Fields } from '../src/fields';
import { type ComponentEdits, Patch } from '../src/patch';
import { givenValue } from '../src/styles';
import { type Parent, findPage, isComment, isElement, isImplied, isRawText, isText, nodesOf, siblings } from '../src/tree';

/** What a page must show, and the patches that lead there from what it showed before. */
interface State {
    html: string;
    digest: string;
    frames: string[];
}

/** Elements with the same mark are the same node. */
const Mark = 'data-mark';

/**
 * Shows the first state of each page, applies the patches of the others, and compares the document with what the server
 * would write. Answers what is wrong: `[page, state, what]`. Run in a browser by the tests of the trees.
 */
export function check(pages: State[][]): [page: number, state: number, what: string][] {
    const failures: [number, number, string][] = [];
    pages.forEach((states, page) => {
        let at = 0;
        try {
            const shown = show(states[0]!.html);
            const components = new Components();
            components.reset(shown);
            const patch = new Patch(components, new Fields(), () => {});
            for (; at < states.length; at++) {
                const { html, digest, frames } = states[at]!;
                const marked = markedIn(document);
                for (const frame of frames)
                    patch.apply((JSON.parse(frame) as [string, number, ComponentEdits[]])[2]);
                compare(shown, html, digest, false);
                for (const [mark, element] of markedIn(document)) {
                    if (marked.has(mark) && marked.get(mark) !== element)
                        throw new Error(`<${element.localName} ${Mark}="${mark}"> is another node than before.`);
                }
            }
            at = -1;
            const { html, digest } = states.at(-1)!;
            const adopted = show(states[0]!.html);
            adopt(adopted, html, new Fields());
            compare(adopted, html, digest, true);
        } catch (error) {
            failures.push([page, at, String(error) + '\n' + document.body.innerHTML]);
        }
    });
    return failures;
}

function show(html: string): Comment {
    document.body.innerHTML = `<!--holdfast-->${html}<!--/holdfast-->`;
    return findPage()!;
}

function markedIn(root: ParentNode): Map<string, Element> {
    return new Map(Array.from(root.querySelectorAll(`[${Mark}]`), element => [element.getAttribute(Mark)!, element]));
}

function compare(shown: Comment, html: string, digest: string, isAdopted: boolean): void {
    const template = document.createElement('template');
    template.innerHTML = `<!--holdfast-->${html}<!--/holdfast-->`;
    const wanted = template.content.firstChild as Comment;
    compareNodes(shown, wanted, 'page', isAdopted);
    if (digestOf(wanted) !== digest)
        throw new Error(`The server's digest is not that of its HTML: ${html}`);
    if (digestOf(shown) !== digest && !isAdopted)
        throw new Error('The digest is not the server\'s.');
}

function compareNodes(shown: Parent, wanted: Parent, path: string, isAdopted: boolean): void {
    const [is, must] = [[...nodesOf(shown)], [...nodesOf(wanted)]];
    if (is.length !== must.length)
        throw new Error(`${path} has ${is.length} nodes, not ${must.length}.`);
    must.forEach((node, i) => {
        const here = `${path}/${i}`;
        const { kind, first, last } = is[i]!;
        same(kind, node.kind, `kind of ${here}`);
        if (kind !== 'component' && siblings(node.first, node.last).some(isElement))
            same(homeOf(first), homeOf(node.first), `parent of ${here}`);
        if (kind === 'text') {
            same(textOf(first, last), textOf(node.first, node.last), here);
        } else if (kind === 'markup') {
            same(markupOf(first, last), markupOf(node.first, node.last), here);
        } else if (kind === 'component') {
            compareNodes(first as Comment, node.first as Comment, `${here}(c)`, isAdopted);
        } else {
            compareElements(first as Element, node.first as Element, `${here}<${(first as Element).localName}>`, isAdopted);
        }
    });
}

function compareElements(shown: Element, wanted: Element, path: string, isAdopted: boolean): void {
    same(shown.namespaceURI + ' ' + shown.localName, wanted.namespaceURI + ' ' + wanted.localName, `name of ${path}`);
    // What the user opened stays open.
    const ignored = isAdopted && shown.localName === 'details' ? 'open' : '';
    same(attributesOf(shown, ignored), attributesOf(wanted, ignored), `attributes of ${path}`);
    if (isRawText(wanted))
        same(shown.textContent!, wanted.textContent!, `text of ${path}`);
    else
        compareNodes(shown, wanted, path, isAdopted);
    // Where nothing selects an option, browsers keep the one that was shown, wherever it goes.
    const isOpen = wanted instanceof HTMLSelectElement && !wanted.multiple && !wanted.querySelector('[selected]');
    if (isControl(shown) && isControl(wanted) && !isOpen)
        same(stateOf(shown), stateOf(wanted), `value of ${path}`);
}

function same(is: string, must: string, what: string): void {
    if (is !== must)
        throw new Error(`The ${what} is ${JSON.stringify(is)}, not ${JSON.stringify(must)}.`);
}

/** Which implied element a node stands in. It matters for elements only: spaces may stand before or in it. */
const homeOf = (node: Node) => isImplied(node.parentNode) ? node.parentNode.localName : '';

const textOf = (first: ChildNode, last: ChildNode) =>
    isComment(first) ? '' : siblings(first, last).filter(isText).map(node => node.data).join('');

const markupOf = (first: ChildNode, last: ChildNode) => {
    const holder = document.createElement('div');
    holder.append(...siblings(first, last).slice(1, -1).map(node => node.cloneNode(true)));
    return holder.innerHTML;
};

const attributesOf = (element: Element, ignored: string) => element.getAttributeNames().filter(name => name !== ignored).sort()
    .map(name => `${name}=${JSON.stringify(givenValue(element, name))}`).join(' ');

const stateOf = (control: Parameters<typeof isControl>[0] & Element) =>
    JSON.stringify([valueOf(control), isCheckable(control) && control.checked]);
