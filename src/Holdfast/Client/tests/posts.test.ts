import { afterEach, describe, expect, test } from 'vitest';
import { digestOf } from '../src/digest';
import { cleanAddress, takeBack } from '../src/posts';
import { mount, query, shown } from './support';

const live = '<button type="button" data-hf="click:abcdef">+1</button><input data-hf="change:ghijkl">'
    + '<form data-hf="submit:mnopqr"><input name="mine"><button>go</button></form><button type="a b" data-hf="click:stuvwx">x</button>';

const served = '<button type="submit" data-hf="click:abcdef" form="holdfast-post" name="hf:click:abcdef" data-hf-post="type:button form name">+1</button>'
    + '<input data-hf="change:ghijkl" form="holdfast-post" name="hf:ghijkl" data-hf-post="form name">'
    + '<form data-hf="submit:mnopqr" id="holdfast-form-1" method="post" data-hf-post="id method"><input name="mine"><button>go</button></form>'
    + '<button type="submit" data-hf="click:stuvwx" data-hf-post="type:a%20b">x</button>';

afterEach(() => history.replaceState(null, '', '/'));

describe('A page that can post without the script', () => {
    test('has the digest of the live page', () => {
        const digest = digestOf(mount(live));
        expect(digestOf(mount(served))).toBe(digest);
        expect(digestOf(mount(served.replace('data-hf-post="form name">', 'data-hf-post="form">')))).not.toBe(digest);
    });

    test('becomes the live page', () => {
        const page = mount(served);
        document.body.prepend(document.createElement('button'));
        query('body > button').setAttribute('data-hf-post', '');
        document.body.insertAdjacentHTML('beforeend', '<form id="holdfast-post" method="post" hidden><input type="hidden" name="holdfast" value="x"></form>');
        const nodes = [...document.querySelectorAll('[data-hf]')];

        takeBack(page);

        expect(shown()).toBe(live);
        expect([...document.querySelectorAll('[data-hf]')]).toEqual(nodes);
        expect(document.querySelectorAll('[data-hf-post]').length).toBe(0);
        expect(query('body').firstElementChild!.localName).toBe('header'); // the hidden button is gone
        expect(query<HTMLInputElement>('#holdfast-post input').value).toBe('x');
    });

    test('has a clean address', () => {
        for (const [given, clean] of [
            ['/a?holdfast-post=T', '/a'], ['/a?b=c%20d&holdfast-post=T-_#e', '/a?b=c%20d#e'], ['/a?holdfast-post=T&b=+', '/a?b=+'], ['/a?x=holdfast-post', '/a?x=holdfast-post'],
        ] as const) {
            history.replaceState({ kept: 1 }, '', given);
            cleanAddress();
            expect(location.pathname + location.search + location.hash).toBe(clean);
            expect(history.state).toEqual({ kept: 1 });
        }
    });
});
