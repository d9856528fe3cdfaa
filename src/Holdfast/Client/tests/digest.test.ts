import { expect, test } from 'vitest';
import vectors from '../../../../tests/vectors/digest.json';
import { digestOf } from '../src/digest';
import { setAttribute } from '../src/controls';
import { mount, query } from './support';

test.each(vectors)('$name', ({ html, digest }) => {
    expect(digestOf(mount(html))).toBe(digest);
});

test('The order of attributes does not count, their values do', () => {
    const digests = ['<a id="x" href="y">', '<a href="y" id="x">', '<a href="x" id="y">'].map(html => digestOf(mount(html + '</a>')));
    expect(digests[0]).toBe(digests[1]);
    expect(digests[0]).not.toBe(digests[2]);
});

test('Where texts are divided counts', () => {
    expect(digestOf(mount('ab<!--t-->c'))).not.toBe(digestOf(mount('a<!--t-->bc')));
});

test('A text that the parser has split is one', () => {
    const expected = digestOf(mount('<p>abcd</p>'));
    const page = mount('<p>abcd</p>');
    (query('p').firstChild as Text).splitText(2);
    expect(digestOf(page)).toBe(expected);
});

test('What was typed is not part of it', () => {
    const page = mount('<input value="a"><textarea>b</textarea>');
    const before = digestOf(page);
    query<HTMLInputElement>('input').value = 'typed';
    query<HTMLTextAreaElement>('textarea').value = 'typed';
    expect(digestOf(page)).toBe(before);
});

test('A style that CSSOM writes in its own way still counts as the server wrote it', () => {
    const expected = digestOf(mount('<p style="color:red">a</p>'));
    const page = mount('<p>a</p>');
    setAttribute(query('p'), 'style', 'color:red');
    expect(query('p').getAttribute('style')).toBe('color: red;');
    expect(digestOf(page)).toBe(expected);
    query('p').setAttribute('style', 'color: blue;');
    expect(digestOf(page)).not.toBe(expected);
});
