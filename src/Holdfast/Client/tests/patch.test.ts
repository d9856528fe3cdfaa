import { beforeEach, describe, expect, test } from 'vitest';
import { Components } from '../src/components';
import { Fields } from '../src/fields';
import { type ComponentEdits, Patch } from '../src/patch';
import { Mismatch, nodesOf } from '../src/tree';
import { mount, query, seeded, shown } from './support';

let page: Comment;
let fields: Fields;
let components: Components;
let heard: string[];
let patch: Patch;

function begin(html: string): void {
    page = mount(html);
    fields?.stop();
    fields = new Fields();
    fields.start();
    components = new Components();
    components.reset(page);
    heard = [];
    patch = new Patch(components, fields, elements => heard.push(...Array.from(elements, element => element.getAttribute('data-hf')!)));
}

const apply = (...edits: unknown[]) => patch.apply([[0, ...edits]] as ComponentEdits[]);
const applyTo = (component: number, ...edits: unknown[]) => patch.apply([[component, ...edits]] as ComponentEdits[]);

describe('Each kind of edit', () => {
    test('t: a text', () => {
        begin('<p>Count: <!--t-->1</p>');
        apply(0, ['t', 1, '2'], -1);
        expect(shown()).toBe('<p>Count: <!--t-->2</p>');
    });

    test('t: an empty text becomes one', () => {
        begin('<p>a<!--e--></p>');
        apply(0, ['t', 1, 'b'], ['t', 0, ''], -1);
        expect([...nodesOf(query('p'))].map(node => node.first.nodeValue)).toEqual(['', 'b']);
    });

    test('t: a text that the parser split', () => {
        begin('<p>abcd</p>');
        (query('p').firstChild as Text).splitText(2);
        apply(0, ['t', 0, 'e']);
        expect(shown()).toBe('<p>e</p>');
    });

    test('m: a block of markup', () => {
        begin('a<!--m--><b>x</b>y<!--/m-->b');
        apply(['m', 1, '<!--m--><i>z</i><!--c--><!--/m-->']);
        expect(shown()).toBe('a<!--m--><i>z</i><!--c--><!--/m-->b');
        expect(() => components.find(1)).toThrow(Mismatch);
    });

    test('i: before a node, and at the end', () => {
        begin('<p>a</p><p>c</p>');
        apply(['i', 1, '<p data-hf="click:abcdef">b</p>'], ['i', 3, 'd']);
        expect(shown()).toBe('<p>a</p><p data-hf="click:abcdef">b</p><p>c</p>d');
        expect(heard).toEqual(['click:abcdef']);
    });

    test('i: into an empty page, element, component and template', () => {
        begin('');
        apply(['i', 0, '<div></div>'], 0, ['i', 0, '<!--c--><!--/c-->'], ['i', 1, '<template></template>'], 1, ['i', 0, '<i></i>']);
        applyTo(1, ['i', 0, 'x']);
        expect(shown()).toBe('<div><!--c-->x<!--/c--><template><i></i></template></div>');
    });

    test('i: a text beside a text stays a node of its own', () => {
        begin('<p>a</p>');
        apply(0, ['i', 0, 'x'], ['i', 2, 'y']);
        expect([...nodesOf(query('p'))].length).toBe(3);
        expect(query('p').textContent).toBe('xay');
    });

    test('r: a node of each kind', () => {
        begin('a<b>b</b><!--c--><i>c</i>d<!--/c--><!--m-->e<!--/m--><!--e-->');
        apply(['r', 4], ['r', 3], ['r', 2], ['r', 1], ['r', 0]);
        expect(shown()).toBe('');
        expect(() => components.find(1)).toThrow(Mismatch);
    });

    test('r: texts that become neighbours stay two', () => {
        begin('a<b></b>c');
        apply(['r', 1], ['t', 1, 'd']);
        expect(shown()).toBe('a<!--t-->d');
    });

    test('a and x: attributes', () => {
        begin('<p class="a" title="t"></p>');
        apply(['a', 0, 'class', 'b'], ['x', 0, 'title'], ['a', 0, 'hidden', true], ['a', 0, 'data-hf', 'click:abcdef']);
        expect(shown()).toBe('<p class="b" hidden="" data-hf="click:abcdef"></p>');
        expect(heard).toEqual(['click:abcdef']);
    });

    test('a: styles go through CSSOM', () => {
        begin('<p></p>');
        apply(['a', 0, 'style', 'color:red']);
        expect(query('p').style.color).toBe('red');
    });

    test('w: raw text', () => {
        begin('<textarea>a</textarea><style>b{}</style>');
        apply(['w', 0, 'c'], ['w', 1, 'd{}']);
        expect(shown()).toBe('<textarea>c</textarea><style>d{}</style>');
        expect(query<HTMLTextAreaElement>('textarea').value).toBe('c');
    });

    test('p: a permutation moves nodes of all kinds', () => {
        begin('a<!--t-->b<b>c</b><!--c-->d<i></i><!--/c--><!--m-->e<!--/m-->');
        apply(['p', [0, 4, 4, 0, 1, 2, 2, 1]]);
        expect(shown().replaceAll('<!--t-->', '')).toBe('<!--m-->e<!--/m--><b>c</b>b<!--c-->d<i></i><!--/c-->a');
        expect([...nodesOf(page)].map(node => node.kind)).toEqual(['markup', 'element', 'text', 'component', 'text']);
    });

    test('steps go in and out', () => {
        begin('<div><p><b>x</b></p><p>y</p></div>z');
        apply(0, 0, 0, ['t', 0, '1'], -1, -1, 1, ['t', 0, '2'], -1, -1, ['t', 1, '3']);
        expect(shown()).toBe('<div><p><b>1</b></p><p>2</p></div>3');
    });
});

test('Any permutation equals that of an array', () => {
    const random = seeded(7);
    for (let round = 0; round < 200; round++) {
        const count = 2 + Math.floor(random() * 8);
        begin(Array.from({ length: count }, (_, i) => i % 3 ? `<i>${i}</i>` : `<!--c-->${i}<!--/c-->`).join(''));
        const order = Array.from({ length: count }, (_, i) => i).sort(() => random() - 0.5);
        apply(['p', order.flatMap((from, to) => from === to ? [] : [from, to])]);
        expect(Array.from(nodesOf(page), ({ kind, first }) => kind === 'element' ? first.textContent : first.nextSibling!.nodeValue)).toEqual(order.map(String));
    }
});

describe('Components', () => {
    test('are numbered in document order, insertions go on', () => {
        begin('<!--c--><p><!--c-->a<!--/c--></p><!--/c--><!--c-->b<!--/c-->');
        apply(['i', 0, '<div><!--c-->c<!--/c--></div>']);
        applyTo(4, ['t', 0, 'C']);
        applyTo(2, ['t', 0, 'A']);
        applyTo(3, ['t', 0, 'B']);
        expect(shown()).toBe('<div><!--c-->C<!--/c--></div><!--c--><p><!--c-->A<!--/c--></p><!--/c--><!--c-->B<!--/c-->');
    });

    test('comments of raw markup are none', () => {
        begin('<!--c--><!--m--><!--c--><!--/c--><!--/m--><!--/c--><!--c-->x<!--/c-->');
        applyTo(2, ['t', 0, 'y']);
        expect(shown()).toContain('<!--c-->y<!--/c-->');
    });

    test('count as one node', () => {
        begin('<!--c-->a<b></b><!--c--><!--/c--><!--/c--><p>x</p>');
        apply(1, ['t', 0, 'y']);
        expect(query('p').textContent).toBe('y');
    });

    test('keep their number when they move', () => {
        begin('<ul><!--c--><li>a</li><!--/c--><!--c--><li>b</li><!--/c--></ul>');
        apply(0, ['p', [0, 1, 1, 0]]);
        applyTo(1, 0, ['t', 0, 'A']);
        expect(query('ul').textContent).toBe('bA');
    });
});

describe('Tables', () => {
    const table = (inside: string) => `<table>${inside}</table>`;
    const rows = (...texts: string[]) => texts.map(text => `<tr><td>${text}</td></tr>`).join('');
    const implied = (inside: string) => `<tbody data-hf-implied="">${inside}</tbody>`;

    test('rows in an implied tbody are nodes of the table', () => {
        begin(table('<thead></thead>' + implied(rows('a', 'b'))));
        apply(0, ['r', 1], ['i', 1, rows('n')], ['i', 3, rows('z')], 2, 0, ['t', 0, 'B']);
        expect(shown()).toBe(table('<thead></thead>' + implied(rows('n', 'B', 'z'))));
    });

    test('the first row of an empty table gets an implied tbody, and the end is before the foot', () => {
        begin(table('<tfoot></tfoot>'));
        apply(0, ['i', 0, rows('a')], ['i', 1, rows('b')]);
        expect(shown()).toBe(table(implied(rows('a', 'b')) + '<tfoot></tfoot>'));
    });

    test('a head goes before the implied tbody', () => {
        begin(table(implied(rows('a'))));
        apply(0, ['i', 0, '<thead></thead>']);
        expect(shown()).toBe(table('<thead></thead>' + implied(rows('a'))));
    });

    test('rows change places beside a foot', () => {
        begin(table(implied(rows('a', 'b', 'c')) + '<tfoot></tfoot>'));
        apply(0, ['p', [0, 2, 2, 0]]);
        expect(shown()).toBe(table(implied(rows('c', 'b', 'a')) + '<tfoot></tfoot>'));
    });

    test('a cell goes into a row', () => {
        begin(table('<tbody>' + rows('a') + '</tbody>'));
        apply(0, 0, 0, ['i', 1, '<td>b</td>']);
        expect(shown()).toBe(table('<tbody><tr><td>a</td><td>b</td></tr></tbody>'));
    });
});

test('What is inserted into a drawing is of its namespace', () => {
    begin('<svg><g></g></svg><math></math>');
    apply(0, ['i', 1, '<circle r="1"></circle>'], ['i', 2, '<foreignObject></foreignObject>'], 2, ['i', 0, '<p></p>'], -1, -1, 1, ['i', 0, '<mi>x</mi>']);
    expect(query('circle').namespaceURI).toBe('http://www.w3.org/2000/svg');
    expect(query('foreignObject > p').namespaceURI).toBe('http://www.w3.org/1999/xhtml');
    expect(query('mi').namespaceURI).toBe('http://www.w3.org/1998/Math/MathML');
});

test.each([
    ['a node that is not there', [['r', 1]]],
    ['a place after the end', [['i', 2, 'x']]],
    ['a text that is an element', [['t', 0, 'x']]],
    ['an attribute of a text', [0, ['a', 0, 'class', 'x']]],
    ['a step into a text', [0, 0]],
    ['a step too far out', [-1, ['r', 0]]],
    ['an unknown edit', [['z', 0]]],
    ['a permutation of too much', [['p', [0, 1, 1, 0]]]],
])('%s is a mismatch', (_, edits) => {
    begin('<p>a</p>');
    expect(() => apply(...edits)).toThrow(Mismatch);
});

describe('Controls', () => {
    const input = () => query<HTMLInputElement>('input');
    const type = (control: HTMLInputElement, text: string) => {
        control.value = text;
        control.dispatchEvent(new Event('input', { bubbles: true }));
    };

    beforeEach(() => begin('<input value="a"><input type="checkbox"><select><option>x</option></select><textarea>t</textarea>'));

    test('value, checked and selected set the property too', () => {
        input().value = 'a';
        apply(['a', 0, 'value', 'b'], ['a', 1, 'checked', ''], 2, ['i', 1, '<option>y</option>'], ['a', 1, 'selected', '']);
        expect(input().value).toBe('b');
        expect(query<HTMLInputElement>('[type=checkbox]').checked).toBe(true);
        expect(query<HTMLSelectElement>('select').value).toBe('y');
        apply(['x', 0, 'value'], ['x', 1, 'checked']);
        expect(input().value).toBe('');
        expect(query<HTMLInputElement>('[type=checkbox]').checked).toBe(false);
    });

    test("a select's value waits for its options, and stands in them as in HTML", () => {
        apply(['a', 2, 'value', 'z'], 2, ['i', 1, '<option value="z">Z</option>']);
        expect(query<HTMLSelectElement>('select').value).toBe('z');
        expect(query('select').outerHTML).toBe('<select><option>x</option><option value="z" selected="">Z</option></select>');
    });

    test("a select without a value shows what its HTML would", () => {
        begin('<select><option>null</option><option selected>b</option></select><select multiple><option selected>a</option></select>');
        apply(['x', 0, 'value'], ['x', 1, 'value']);
        expect(query<HTMLSelectElement>('select').value).toBe('null');
        expect(shown()).not.toContain('selected');
        expect(query<HTMLSelectElement>('[multiple]').selectedOptions.length).toBe(0);
    });

    test('a multiple select takes a list', () => {
        begin('<select multiple><option>a</option><option>b</option><option>c</option></select>');
        apply(['a', 0, 'value', '["a","c"]']);
        expect(Array.from(query<HTMLSelectElement>('select').selectedOptions, option => option.value)).toEqual(['a', 'c']);
    });

    test('a focused control that nobody touched is written, and keeps its caret', () => {
        input().focus();
        input().setSelectionRange(0, 1);
        apply(['a', 0, 'value', 'bcd']);
        expect([input().value, input().selectionStart, input().selectionEnd]).toEqual(['bcd', 0, 1]);
    });

    test('typed text that no event has carried is written over only after the focus left', () => {
        input().focus();
        type(input(), 'typed');
        apply(['a', 0, 'value', 'b']);
        expect([input().value, input().defaultValue]).toEqual(['typed', 'b']);
        input().dispatchEvent(new Event('change', { bubbles: true })); // as browsers do when a changed control is left
        input().blur();
        expect(input().value).toBe('b');
    });

    test('and not if it was changed meanwhile', () => {
        input().focus();
        type(input(), 'typed');
        apply(['a', 0, 'value', 'b']);
        type(input(), 'typed more');
        input().blur();
        expect(input().value).toBe('typed more');
    });

    test('nor if its own event went out meanwhile', () => {
        input().focus();
        type(input(), 'typed');
        apply(['a', 0, 'value', 'b']);
        fields.carried(input(), 1, 'typed');
        input().blur();
        expect(input().value).toBe('typed');
    });

    test('text whose event is handled is written at once, text whose event is under way is not', () => {
        input().focus();
        type(input(), 'abc');
        fields.carried(input(), 1, 'abc');
        apply(['a', 0, 'value', 'ignored']);
        expect(input().value).toBe('abc');
        fields.handled = 1;
        apply(['a', 0, 'value', 'ABC']);
        expect(input().value).toBe('ABC');
    });

    test('a composing control is written when the composition ends', () => {
        input().focus();
        input().dispatchEvent(new Event('compositionstart', { bubbles: true }));
        apply(['a', 0, 'value', 'b']);
        expect(input().value).toBe('a');
        input().dispatchEvent(new Event('compositionend', { bubbles: true }));
        expect(input().value).toBe('b');
    });

    test('a touched textarea that is focused keeps its text', () => {
        const area = query<HTMLTextAreaElement>('textarea');
        area.focus();
        area.value = 'typed';
        area.dispatchEvent(new Event('input', { bubbles: true }));
        apply(['w', 3, 'b']);
        expect([area.value, area.defaultValue]).toEqual(['typed', 'b']);
    });
});

describe('The list of fields', () => {
    const list = (html: string, touch: () => void, isSettled = (_: number) => false) => {
        begin(html);
        touch();
        return fields.list(page, isSettled);
    };

    test('has the touched controls that have a handler', () => {
        expect(list(
            '<input id="a" data-hf="change:aaaaaa"><input id="b" data-hf="input:bbbbbb change:cccccc"><input id="n"><input data-hf="change:dddddd" value="same">',
            () => ['a', 'b', 'n'].forEach(id => query<HTMLInputElement>('#' + id).value = id),
        )).toEqual([['aaaaaa', 'a', 0], ['bbbbbb', 'b', 0]]);
    });

    test('has values as a change event carries them', () => {
        expect(list(
            '<input type="checkbox" data-hf="change:boxbox"><input type="radio" name="r" value="1" checked data-hf="change:radio1"><input type="radio" name="r" value="2" data-hf="change:radio2">'
            + '<select data-hf="change:select"><option>a</option><option>b</option></select><select multiple data-hf="change:multis"><option>a</option><option>b</option></select><textarea data-hf="input:area00"></textarea>',
            () => {
                query<HTMLInputElement>('[type=checkbox]').checked = true;
                query<HTMLInputElement>('[value="2"]').checked = true;
                query<HTMLSelectElement>('select').value = 'b';
                query<HTMLOptionElement>('[multiple] option').selected = true;
                query<HTMLTextAreaElement>('textarea').value = 'text';
            },
        )).toEqual([['boxbox', true, 0], ['radio2', '2', 0], ['select', 'b', 0], ['multis', ['a'], 0], ['area00', 'text', 0]]);
    });

    test('has nothing that only the browser put in other words', () => {
        expect(list(
            '<input type="color" value="#FFF000" data-hf="change:aaaaaa"><input type="range" data-hf="change:bbbbbb"><input type="date" value="never" data-hf="change:cccccc">'
            + '<select data-hf="change:dddddd"><option disabled>a</option><option>b</option></select><textarea data-hf="change:eeeeee">a\nb</textarea>',
            () => undefined,
        )).toEqual([]);
    });

    test('says what is settled', () => {
        const touch = () => {
            query<HTMLInputElement>('input').value = 'x';
            fields.carried(query('input'), 3, 'x');
        };
        expect(list('<input data-hf="change:aaaaaa">', touch, ref => ref <= 3)).toEqual([['aaaaaa', 'x', 1]]);
        expect(list('<input data-hf="change:aaaaaa">', touch, ref => ref < 3)).toEqual([['aaaaaa', 'x', 0]]);
    });
});

describe('autofocus', () => {
    const focused = () => document.activeElement!.id;

    test('that a patch sets or inserts takes the focus, each time it is given', () => {
        begin('<input id="a"><input id="b">');
        apply(['a', 1, 'autofocus', true]);
        expect(focused()).toBe('b');
        apply(['i', 2, '<form><h2 id="c" tabindex="-1" autofocus></h2></form>']);
        expect(focused()).toBe('c');
        query('#a').focus();
        apply(['a', 1, 'autofocus', '2']);
        expect(focused()).toBe('b');
    });

    test('goes to the first of several', () => {
        begin('');
        apply(['i', 0, '<p><input id="a" autofocus><input id="b" autofocus></p>'], ['i', 1, '<input id="c" autofocus>']);
        expect(focused()).toBe('a');
    });

    test('that is there already, or is taken away, changes nothing', () => {
        begin('<input id="a" autofocus><input id="b">');
        query('#b').focus();
        apply(['a', 0, 'class', 'x']);
        apply(['x', 0, 'autofocus']);
        expect(focused()).toBe('b');
    });

    test('does not interrupt whoever is typing what no event has carried', () => {
        begin('<input id="a"><input id="b">');
        const input = query<HTMLInputElement>('#a');
        input.focus();
        input.value = 'typed';
        input.dispatchEvent(new Event('input', { bubbles: true }));
        apply(['a', 1, 'autofocus', true]);
        expect(focused()).toBe('a');
    });

    test('does not interrupt whoever is composing', () => {
        begin('<input id="a"><input id="b">');
        query('#a').focus();
        query('#a').dispatchEvent(new Event('compositionstart', { bubbles: true }));
        apply(['a', 1, 'autofocus', true]);
        expect(focused()).toBe('a');
    });
});
