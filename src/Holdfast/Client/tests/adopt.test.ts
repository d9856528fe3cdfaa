import { beforeEach, describe, expect, test } from 'vitest';
import { adopt } from '../src/adopt';
import { digestOf } from '../src/digest';
import { Fields } from '../src/fields';
import { siblings } from '../src/tree';
import { mount, query, seeded, shown } from './support';

let fields: Fields;
beforeEach(() => {
    fields = new Fields();
});

const allNodes = (page: Comment): Node[] =>
    siblings(page, null).flatMap(node => [node, ...descendants(node)]);

function descendants(node: Node): Node[] {
    return [...node.childNodes].flatMap(child => [child as Node, ...descendants(child)]);
}

describe('No node is replaced when the HTML is the same', () => {
    test.each([
        ['a table with tbody', '<table><tbody><tr><td>1</td></tr></tbody></table>'],
        ['a table without tbody', '<table><tbody data-hf-implied=""><tr><td>1</td></tr></tbody></table>'],
        ['neighbouring texts', '<p>Count: <!--t-->1<!--t--> of <!--t-->2<!--e--></p>'],
        ['a block of markup', '<div><!--m--><b>bold</b> text <i>it</i><!--/m--></div>'],
        ['a select', '<select><option>a</option><option selected>b</option></select>'],
        ['a textarea', '<textarea>one\ntwo</textarea>'],
        ['whitespace', '\n<ul>\n  <li>a</li>\n  <li>b</li>\n</ul>\n'],
        ['components', '<!--c--><p>a</p><!--/c--><!--c--><!--c--><p>b</p><!--/c--><!--/c-->'],
        ['a drawing', '<svg viewBox="0 0 1 1"><linearGradient id="g"></linearGradient><path d="M0 0"></path></svg>'],
        ['a template', '<template><p>a</p></template>'],
    ])('%s', (_, html) => {
        const page = mount(html);
        const before = allNodes(page);
        expect(adopt(page, html, fields)).toBe(false);
        const after = allNodes(page);
        expect(after.length).toBe(before.length);
        expect(after.every((node, i) => node === before[i])).toBe(true);
    });
});

test('Only what differs is changed', () => {
    const page = mount('<h1 class="a">one</h1><p title="x">two</p><footer>end</footer>');
    const [heading, paragraph, text, footer] = [query('h1'), query('p'), query('p').firstChild, query('footer')];
    expect(adopt(page, '<h1 class="b">one</h1><p>2</p><footer>end</footer>', fields)).toBe(true);
    expect(shown()).toBe('<h1 class="b">one</h1><p>2</p><footer>end</footer>');
    expect([query('h1'), query('p'), query('p').firstChild, query('footer')]).toEqual([heading, paragraph, text, footer]);
});

test('Nodes keep their identity by id where a list shifted', () => {
    const page = mount('<ul><li id="a">a</li><li id="b">b</li><li id="c">c</li></ul>');
    const [a, c] = [query('#a'), query('#c')];
    adopt(page, '<ul><li id="n">new</li><li id="c">c</li><li id="a">a!</li></ul>', fields);
    expect(shown()).toBe('<ul><li id="n">new</li><li id="c">c</li><li id="a">a!</li></ul>');
    expect(query('#a')).toBe(a);
    expect(query('#c')).toBe(c);
});

test('A row is known by the handlers in it', () => {
    const row = (key: string, text = key) => `<tr><td>${text}</td><td><button data-hf="click:row${key}00">x</button></td></tr>`;
    const table = (...rows: string[]) => `<table><tbody data-hf-implied="">${rows.join('')}</tbody></table>`;
    const page = mount(table(row('a'), row('b'), row('c')));
    const rows = [...document.querySelectorAll('tr')];
    adopt(page, table(row('b', 'changed'), row('c'), row('d')), fields);
    expect(shown()).toBe(table(row('b', 'changed'), row('c'), row('d')));
    expect([...document.querySelectorAll('tr')].slice(0, 2)).toEqual(rows.slice(1));
});

test('An element that is not moved keeps its place in the document', () => {
    const page = mount('<ul><li id="a"></li><li id="b"></li><li id="c"></li><li id="d"></li></ul>');
    const moved = new Set<Node>();
    const ul = query('ul');
    const insertBefore = ul.insertBefore.bind(ul);
    ul.insertBefore = (node, ref) => {
        moved.add(node);
        return insertBefore(node, ref);
    };
    const d = query('#d');
    adopt(page, '<ul><li id="d"></li><li id="a"></li><li id="b"></li><li id="c"></li></ul>', fields);
    expect([...moved]).toEqual([d]);
});

test('Focus, caret and typed text survive', () => {
    const page = mount('<p>old</p><input name="n" value="a"><textarea name="t">x</textarea><p>end</p>');
    const [input, area] = [query<HTMLInputElement>('input'), query<HTMLTextAreaElement>('textarea')];
    input.focus();
    input.value = 'typed';
    input.setSelectionRange(2, 4);
    area.value = 'typed too';
    adopt(page, '<div>new</div><input name="n" value="b" class="c"><textarea name="t">y</textarea>', fields);
    expect(document.activeElement).toBe(input);
    expect([input.value, input.defaultValue, input.className]).toEqual(['typed', 'b', 'c']);
    expect([input.selectionStart, input.selectionEnd]).toEqual([2, 4]);
    expect([area.value, area.defaultValue]).toEqual(['typed too', 'y']);
});

test('A control that nobody touched shows what the server gives, though it was written before', () => {
    const page = mount('<input name="n" value="a"><input type="checkbox" checked><textarea>x</textarea>');
    const [input, box] = document.querySelectorAll('input');
    input!.value = 'a'; // now the attribute alone has no effect
    box!.checked = true;
    query<HTMLTextAreaElement>('textarea').value = 'x';
    adopt(page, '<input name="n" value="b"><input type="checkbox"><textarea>y</textarea>', fields);
    expect(query('input')).toBe(input);
    expect(input!.value).toBe('b');
    expect(box!.checked).toBe(false);
    expect(query<HTMLTextAreaElement>('textarea').value).toBe('y');
});

test('Typed text does not pass to the control of another row, and stays where all handlers changed', () => {
    const row = (address: string) => `<li><input name="note" data-hf="change:${address}"></li>`;
    const page = mount(`<ul>${row('row4__')}${row('row5__')}</ul>`);
    query<HTMLInputElement>('input').value = 'for row 4';
    adopt(page, `<ul>${row('row7__')}${row('row5__')}</ul>`, fields);
    expect(query<HTMLInputElement>('input').value).toBe('');

    const form = mount('<input name="title" data-hf="change:before"><input data-hf="change:other_">');
    query<HTMLInputElement>('input').value = 'kept at a deploy';
    adopt(form, '<input name="title" data-hf="change:after_"><input data-hf="change:other2">', fields);
    expect(query<HTMLInputElement>('input').value).toBe('kept at a deploy');
});

test('Typed text does not pass to another field', () => {
    const page = mount('<input name="first">');
    query<HTMLInputElement>('input').value = 'typed';
    adopt(page, '<input name="second">', fields);
    expect(query<HTMLInputElement>('input').value).toBe('');
});

test('A touched select keeps its choice by value, an untouched one takes the given', () => {
    const page = mount('<select id="s"><option>a</option><option>b</option></select><select id="u"><option>a</option><option>b</option></select>');
    query<HTMLSelectElement>('#s').value = 'b';
    adopt(page, '<select id="s"><option>n</option><option>a</option><option>b</option></select><select id="u"><option>a</option><option selected>b</option></select>', fields);
    expect(query<HTMLSelectElement>('#s').value).toBe('b');
    expect(query<HTMLSelectElement>('#u').value).toBe('b');
});

test('What the user opened stays open', () => {
    const page = mount('<details><summary>s</summary>a</details>');
    query<HTMLDetailsElement>('details').open = true;
    expect(adopt(page, '<details><summary>s</summary>a</details>', fields)).toBe(false);
    expect(query<HTMLDetailsElement>('details').open).toBe(true);
});

test('Nodes of others go, the shell stays', () => {
    const page = mount('<p>a</p>');
    query('p').before(document.createElement('extension-widget'));
    adopt(page, '<p>a</p>', fields);
    expect(document.body.innerHTML).toBe('<header>shell</header><!--holdfast--><p>a</p><!--/holdfast--><footer>shell</footer>');
});

test('Any page becomes any other, and the same again changes nothing', () => {
    const random = seeded(20261121);
    const pick = <T>(...values: T[]): T => values[Math.floor(random() * values.length)]!;
    const nodes = (depth: number): string => {
        let html = '', afterText = false;
        for (let i = Math.floor(random() * 5); i > 0; i--) {
            const kind = depth > 0 ? pick('text', 'element', 'component', 'markup') : 'text';
            if (kind === 'text') {
                html += (afterText ? '<!--t-->' : '') + pick('a', 'b', ' ', '\n');
            } else if (kind === 'element') {
                const name = pick('div', 'p', 'b', 'input');
                const attributes = pick('', ' class="x"', ' title="y"', ` id="i${Math.floor(random() * 6)}"`, ' data-hf="click:abcdef"');
                html += name === 'input' ? `<input${attributes}>` : name === 'p' ? `<p${attributes}>x</p>` : `<${name}${attributes}>${nodes(depth - 1)}</${name}>`;
            } else {
                const mark = kind[0];
                html += kind === 'markup' ? '<!--m--><i>raw</i><!--/m-->' : `<!--${mark}-->${nodes(depth - 1)}<!--/${mark}-->`;
            }
            afterText = kind === 'text';
        }
        return html;
    };
    let changes = 0;
    for (let round = 0; round < 500; round++) {
        const [from, to] = [nodes(3), nodes(3)];
        mount(to);
        const expected = shown();
        const page = mount(from);
        const same = shown() === expected;
        expect(adopt(page, to, fields)).toBe(!same);
        expect(shown()).toBe(expected);
        expect(digestOf(page)).toBe(digestOf(mount(to)));
        changes += same ? 0 : 1;
    }
    expect(changes).toBeGreaterThan(400);
});
