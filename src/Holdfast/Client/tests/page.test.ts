import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MaxEvents } from '../src/constants';
import { digestOf } from '../src/digest';
import { Page } from '../src/page';
import { FakeBrowser, type FakeSocket, mount, query, settle, shown } from './support';

let browser: FakeBrowser;
let page: Page;
let start: Comment;
let online = true;
let heard: { type: string; detail: unknown }[];

const record = (event: Event) => heard.push({ type: event.type, detail: (event as CustomEvent).detail });
const names = ['holdfast:joined', 'holdfast:error', 'holdfast:repaired', 'holdfast:status'];
const status = () => document.documentElement.getAttribute('data-holdfast');
const clock = () => browser.clock;

beforeEach(() => {
    heard = [];
    online = true;
    vi.spyOn(navigator, 'onLine', 'get').mockImplementation(() => online);
    names.forEach(name => document.addEventListener(name, record));
});

afterEach(() => {
    page.stop();
    names.forEach(name => document.removeEventListener(name, record));
    vi.restoreAllMocks();
    expect(status()).toBeNull();
});

async function begin(html: string, attributes = ''): Promise<void> {
    start = mount(html);
    document.head.innerHTML = `<script id="holdfast" type="text/plain" data-ticket="ticket1" data-socket="/base/_holdfast" ${attributes}></script>`;
    browser = new FakeBrowser();
    page = new Page(start, query('#holdfast'), browser);
    page.start();
    await clock().pass(0);
}

async function join(socket: FakeSocket = browser.socket, joined: object = {}): Promise<FakeSocket> {
    socket.open();
    socket.say('joined', { instance: 'i1', start: 's1', next: 1, seq: 0, found: 'new', ...joined });
    await settle();
    return socket;
}

async function live(html: string): Promise<FakeSocket> {
    await begin(html);
    return join();
}

const click = (selector: string) => query(selector).dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, clientX: 5 }));
const type = (selector: string, value: string, event = 'input') => {
    query<HTMLInputElement>(selector).value = value;
    query(selector).dispatchEvent(new Event(event, { bubbles: true }));
};
const counter = '<p>Count: <!--t-->0</p><button data-hf="click:button">+1</button>';

describe('Joining', () => {
    test('the first frame says who and what, the second which fields are touched', async () => {
        await begin(counter);
        expect(browser.socket.url).toBe('ws://localhost:3000/base/_holdfast');
        const socket = await join();
        const [name, join1] = socket.sent[0] as [string, Record<string, unknown>];
        expect(name).toBe('join');
        expect(join1).toEqual({
            v: 1, ticket: 'ticket1', tab: expect.stringMatching(/^[\w-]{22}$/) as unknown, doc: expect.stringMatching(/^[\w-]{22}$/) as unknown,
            nav: 'navigate', next: 1, seq: 0, digest: digestOf(start),
            tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
        });
        expect(socket.sent[1]).toEqual(['fields', []]);
        expect(heard.map(event => event.type)).toEqual(['holdfast:status', 'holdfast:joined']);
    });

    test('again, it names the instance, the next ref and the sequence', async () => {
        const first = await live(counter);
        click('button');
        first.say('patch', 1, [[0, 0, ['t', 1, '1']]], 1, 1);
        first.drop();
        await clock().pass(250);
        const second = await join(browser.socket, { seq: 1 });
        expect(second).not.toBe(first);
        expect(second.sent[0]![1]).toMatchObject({ nav: 'rejoin', instance: 'i1', next: 2, seq: 1, digest: digestOf(start) });
    });

    test('HTML is put in place, then fields, then unacked events', async () => {
        await begin('<input name="n" data-hf="change:change"><button data-hf="click:button"></button>');
        query<HTMLInputElement>('input').value = 'typed';
        click('button');
        const socket = await join(browser.socket, { html: '<input name="n" class="new" data-hf="change:newnew"><button data-hf="click:button"></button>' });
        expect(query('input').className).toBe('new');
        expect(socket.sent.slice(1)).toEqual([['fields', [['newnew', 'typed', 0]]], ['event', 1, 0, 'button']]);
        expect(heard.some(event => event.type === 'holdfast:repaired')).toBe(true);
    });

    test('a page that is what the server shows is not repaired', async () => {
        await begin(counter);
        await join(browser.socket, { html: counter });
        expect(heard.some(event => event.type === 'holdfast:repaired')).toBe(false);
    });

    test('a second joined of one connection is answered in the same way', async () => {
        const socket = await live(counter);
        click('button');
        socket.say('joined', { instance: 'i2', start: 's1', next: 1, seq: 0, found: 'restored', html: counter });
        expect(socket.sent.slice(-2)).toEqual([['fields', []], ['event', 1, 0, 'button']]);
    });

    test('an event that waited tells what the page showed when it happened', async () => {
        const first = await live(counter);
        first.drop();
        click('button');
        await clock().pass(250);
        const second = await join(browser.socket, { instance: 'i2', seq: 1, html: '<p>Other</p>' + counter });
        click('button');
        expect(second.frames('event')).toEqual([['event', 1, 0, 'button'], ['event', 2, 1, 'button']]);
    });

    test('events of what was put in place are heard', async () => {
        await begin('');
        const socket = await join(browser.socket, { html: '<i data-hf="dblclick:dbldbl"></i>' });
        query('i').dispatchEvent(new MouseEvent('dblclick', { bubbles: true }));
        expect(socket.frames('event')).toEqual([['event', 1, 0, 'dbldbl']]);
    });
});

describe('The head', () => {
    const put = (html: string) => document.head.insertAdjacentHTML('beforeend', html);
    const inHead = () => /<!--holdfast-head-->(.*)<!--\/holdfast-head-->/s.exec(document.head.innerHTML)?.[1];

    test('becomes what the server says, and keeps the nodes that stay', async () => {
        await begin('<p>page</p>');
        put('<!--holdfast-head--><title>One</title><meta name="a" content="1"><!--/holdfast-head--><title>Shell</title>');
        const meta = query('meta');
        const socket = await join(browser.socket, { head: '<title>Two &amp; more</title><meta name="a" content="1">' });
        expect(document.title).toBe('Two & more');
        expect(query('meta')).toBe(meta);
        socket.say('head', '<meta name="a" content="2"><link rel="canonical" href="/x">');
        expect(inHead()).toBe('<meta name="a" content="2"><link rel="canonical" href="/x">');
        expect(document.title).toBe('Shell');
    });

    test('is left alone where the shell has no outlet', async () => {
        const socket = await live('<p>page</p>');
        put('<title>Shell</title>');
        const before = document.head.innerHTML;
        socket.say('head', '<title>Two</title>');
        expect(document.head.innerHTML).toBe(before);
    });
});

describe('Events', () => {
    test('carry the last patch and go up from the innermost', async () => {
        const socket = await live('<div data-hf="click:outer1"><p data-hf="click:middle.s"><b data-hf="click:inner1.a">x</b></p></div>');
        click('b');
        expect(socket.frames('event')).toEqual([['event', 1, 0, 'inner1', { clientX: 5, pageX: 5, offsetX: 5 }], ['event', 2, 0, 'middle']]);
        socket.say('patch', 1, []);
        click('p');
        expect(socket.frames('event')[2]).toEqual(['event', 3, 1, 'middle']);
        click('div');
        expect(socket.frames('event')[3]).toEqual(['event', 4, 1, 'outer1']);
    });

    test('that do not bubble are for their target alone', async () => {
        const socket = await live('<div data-hf="focus:outer1"><input data-hf="focus:inner1.a"></div>');
        query('input').dispatchEvent(new FocusEvent('focus'));
        expect(socket.frames('event')).toEqual([['event', 1, 0, 'inner1', { type: 'focus' }]]);
    });

    test('prevent the default action where a handler says so', async () => {
        const socket = await live('<a href="#x" data-hf="click:.p">a</a><form data-hf="submit:submit"><input></form><form id="plain" data-hf="keydown:keykey"></form>');
        expect(click('a')).toBe(false);
        const submit = (selector: string) => query(selector).dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
        expect(submit('form')).toBe(false);
        expect(submit('#plain')).toBe(true);
        expect(socket.frames('event')).toEqual([['event', 1, 0, 'submit']]);
    });

    test('of disabled controls do not count', async () => {
        const socket = await live('<button disabled data-hf="click:button"><b>x</b></button>');
        click('b');
        expect(socket.frames('event')).toEqual([]);
    });

    test('of keys carry what the server reads', async () => {
        const socket = await live('<input data-hf="keydown:keykey.a">');
        query('input').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', shiftKey: true, bubbles: true }));
        expect(socket.frames('event')[0]![4]).toEqual({ key: 'Enter', code: 'Enter', shiftKey: true });
    });

    test('of one control are conflated while one is unacked', async () => {
        const socket = await live('<input data-hf="input:inputs">');
        ['a', 'ab', 'abc'].forEach(text => type('input', text));
        expect(socket.frames('event')).toEqual([['event', 1, 0, 'inputs', 'a']]);
        socket.say('ack', 1);
        expect(socket.frames('event')[1]).toEqual(['event', 2, 0, 'inputs', 'abc']);
    });

    test('that a patch causes are not the doing of the user', async () => {
        const socket = await live('<input data-hf="blur:blurry change:change">');
        query('input').focus();
        const { remove } = Element.prototype;
        vi.spyOn(Element.prototype, 'remove').mockImplementation(function (this: Element) {
            this.dispatchEvent(new FocusEvent('blur')); // as some browsers do
            remove.call(this);
        });
        socket.say('patch', 1, [[0, ['r', 0]]]);
        expect(shown()).toBe('');
        expect(socket.frames('event')).toEqual([]);
    });
});

describe('Radio buttons', () => {
    test('a patch from before the click does not take it back', async () => {
        const socket = await live('<input type="radio" name="c" id="red" value="red" checked="a" data-hf="change:red"><input type="radio" name="c" id="blue" value="blue" data-hf="change:blue">');
        query<HTMLInputElement>('#blue').click();
        expect(socket.frames('event')).toEqual([['event', 1, 0, 'blue', 'blue']]);
        socket.say('patch', 1, [[0, ['a', 0, 'checked', 'b']]]);
        expect(query<HTMLInputElement>('#blue').checked).toBe(true);
        socket.say('patch', 2, [[0, ['x', 0, 'checked'], ['a', 1, 'checked', 'a']]], 1, 1);
        expect(query<HTMLInputElement>('#blue').checked).toBe(true);
        socket.say('patch', 3, [[0, ['a', 0, 'checked', 'a'], ['x', 1, 'checked']]]);
        expect(query<HTMLInputElement>('#red').checked).toBe(true);
    });
});

describe('Patches', () => {
    test('are acknowledged after 8, or after a second, or by an event', async () => {
        const socket = await live(counter);
        for (let i = 1; i <= 8; i++)
            socket.say('patch', i, []);
        expect(socket.frames('ack')).toEqual([['ack', 8]]);
        socket.say('patch', 9, []);
        await clock().pass(999);
        expect(socket.frames('ack').length).toBe(1);
        await clock().pass(1);
        expect(socket.frames('ack')[1]).toEqual(['ack', 9]);
        socket.say('patch', 10, []);
        click('button');
        await clock().pass(5000);
        expect(socket.frames('ack').length).toBe(2);
    });

    test('that do not fit make the page join again with what it shows', async () => {
        const socket = await live(counter);
        query('p').remove();
        socket.say('patch', 1, [[0, 0, ['t', 1, '1']]]);
        expect(socket.isClosed).toBe(true);
        await clock().pass(250);
        const second = await join(browser.socket, { html: counter, found: 'recovered' });
        expect(second.sent[0]![1]).toMatchObject({ seq: 0, digest: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown });
        expect(shown()).toBe(counter);
        expect(heard.some(event => event.type === 'holdfast:repaired')).toBe(true);
    });

    test('that come out of sequence do so too', async () => {
        const socket = await live(counter);
        socket.say('patch', 2, []);
        expect(socket.isClosed).toBe(true);
    });

    test('that remove the focus leave it on the nearest ancestor that takes it', async () => {
        const socket = await live('<div tabindex="-1"><p><button>x</button></p></div>');
        query('button').focus();
        socket.say('patch', 1, [[0, 0, ['r', 0]]]);
        expect(document.activeElement).toBe(query('div'));
    });

    test('that move the focused control keep its focus and caret', async () => {
        const socket = await live('<input id="a" value="abc"><b></b><i></i>');
        const input = query<HTMLInputElement>('#a');
        input.focus();
        input.setSelectionRange(1, 2);
        socket.say('patch', 1, [[0, ['p', [0, 2, 1, 0, 2, 1]]]]);
        expect(shown()).toBe('<b></b><i></i><input id="a" value="abc">');
        expect(document.activeElement).toBe(input);
        expect([input.selectionStart, input.selectionEnd]).toEqual([1, 2]);
    });
});

describe('Errors', () => {
    test('of events are shown and told, and the event is not resent', async () => {
        const socket = await live(counter);
        click('button');
        socket.say('error', 'failed', 1, 'It threw.');
        expect(heard.find(event => event.type === 'holdfast:error')?.detail).toEqual({ code: 'failed', ref: 1, message: 'It threw.' });
        expect(query('[role=status]').textContent).not.toBe('');
        socket.drop();
        await clock().pass(250);
        const second = await join();
        expect(second.frames('event')).toEqual([['event', 1, 0, '', null]]);
    });

    test('of events are seen by everybody, for six seconds', async () => {
        const socket = await live(counter);
        const region = query('[role=status]');
        expect(region.style.position).toBe('absolute');
        click('button');
        socket.say('error', 'stale', 1, '');
        expect(region.style.position).toBe('fixed');
        await clock().pass(6_000);
        expect(region.style.position).toBe('absolute');
    });

    test('of the ticket: another is fetched in the background', async () => {
        const socket = await live(counter);
        browser.answer = () => Promise.resolve(new Response('<script id="holdfast" data-ticket="ticket2"></script>'));
        socket.say('error', 'ticket', 0, '');
        socket.drop(4001);
        await clock().pass(250);
        expect(browser.fetched).toEqual([location.href]);
        const second = await join();
        expect(second.sent[0]![1]).toMatchObject({ ticket: 'ticket2' });
    });

    test('of the ticket, for ever: attempts become rare', async () => {
        await begin(counter);
        clock().chance = 0.999;
        browser.answer = () => Promise.resolve(new Response('<script id="holdfast" data-ticket="bad"></script>'));
        for (let i = 0; i < 60; i++) {
            if (!browser.socket.isClosed) {
                browser.socket.open();
                browser.socket.say('error', 'ticket', 0, '');
                browser.socket.drop(4001);
            }
            await clock().pass(1000);
        }
        expect(browser.fetched.length).toBeLessThan(10);
    });

    test('a page without a ticket for this user is loaded again', async () => {
        const socket = await live(counter);
        browser.answer = () => Promise.resolve(new Response('<h1>Sign in</h1>'));
        socket.drop(4001);
        await clock().pass(250);
        expect(browser.reloads).toBe(1);
    });

    test('a page that leads elsewhere, such as to a sign-in that is a page too, is loaded again', async () => {
        const socket = await live(counter);
        const elsewhere = new Response('<script id="holdfast" data-ticket="of-the-sign-in"></script>');
        Object.defineProperty(elsewhere, 'redirected', { value: true });
        browser.answer = () => Promise.resolve(elsewhere);
        socket.drop(4001);
        await clock().pass(250);
        expect(browser.reloads).toBe(1);
    });

    test.each([[4003, 'forbidden'], [4004, 'version']])('%d loads the page again, and so does its error', async (code, error) => {
        const socket = await live(counter);
        socket.drop(code);
        await clock().pass(0);
        expect(browser.reloads).toBe(1);
        page.stop();
        const other = await live(counter);
        other.say('error', error, 0, '');
        other.drop(1006);
        await clock().pass(0);
        expect(browser.reloads).toBe(1);
    });
});

describe('The connection', () => {
    test('comes back soon after a drop, then ever later', async () => {
        await begin(counter);
        clock().chance = 0.999999;
        await join();
        await clock().pass(10_000);
        const delays: number[] = [];
        for (let i = 0; i < 9; i++) {
            const before = clock().now(), count = browser.sockets.length;
            browser.socket.drop();
            while (browser.sockets.length === count)
                await clock().pass(10);
            delays.push(clock().now() - before);
        }
        expect(delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000].map(expected => expect.closeTo(expected, -1.5) as unknown));
    });

    test('asks why an upgrade was refused, and waits as long as it is told', async () => {
        await begin(counter);
        browser.answer = () => Promise.resolve(new Response('', { status: 503, headers: { 'Retry-After': '7' } }));
        browser.socket.drop();
        await clock().pass(6999);
        expect(browser.fetched).toEqual(['http://localhost:3000/base/_holdfast']);
        window.dispatchEvent(new Event('online'));
        await settle();
        expect(browser.sockets.length).toBe(1);
        await clock().pass(250);
        expect(browser.sockets.length).toBe(2);
    });

    test('does not wait when the network or the user is back', async () => {
        const socket = await live(counter);
        for (const event of [() => window.dispatchEvent(new Event('online')), () => document.dispatchEvent(new Event('visibilitychange'))]) {
            const count = browser.sockets.length;
            browser.socket.drop();
            event();
            await settle();
            expect(browser.sockets.length).toBe(count + 1);
            await join();
        }
        expect(browser.socket).not.toBe(socket);
    });

    test('pings after 20 s without a frame, and is dead after 45 s of silence', async () => {
        const socket = await live(counter);
        await clock().pass(10_000);
        click('button');
        await clock().pass(19_999);
        expect(socket.frames('ping').length).toBe(0);
        await clock().pass(1);
        expect(socket.frames('ping').length).toBe(1);
        socket.say('pong');
        await clock().pass(44_999);
        expect(socket.isClosed).toBe(false);
        await clock().pass(1);
        expect(socket.isClosed).toBe(true);
    });

    test('moves on when the server goes away, at a random time, and asks whether an open socket lives', async () => {
        const socket = await live(counter);
        socket.say('goaway', 'shutdown', 4000);
        await clock().pass(1999);
        expect(browser.sockets.length).toBe(1);
        await clock().pass(1);
        expect(socket.isClosed).toBe(true);
        const second = await join();
        window.dispatchEvent(new Event('online'));
        expect(second.frames('ping').length).toBe(1);
        await clock().pass(5000);
        expect(second.isClosed).toBe(true);
    });

    test('keeps what it has and tries again, later each time, where a server is older than the state', async () => {
        const socket = await live(counter);
        click('button');
        click('button');
        clock().chance = 0.999999;
        for (const wait of [250, 500, 1000]) {
            const count = browser.sockets.length;
            browser.socket.say('goaway', 'newer', 0);
            browser.socket.drop(1013);
            await clock().pass(wait - 1);
            expect(browser.sockets.length).toBe(count);
            await clock().pass(1);
            expect(browser.sockets.length).toBe(count + 1);
            browser.socket.open();
        }
        expect(query('p').textContent).toBe('Count: 0');
        const other = await join(browser.socket, { start: 's2' });
        expect(socket.frames('event').length).toBe(2);
        expect(other.frames('event').map(frame => frame[1])).toEqual([1, 2]); // Both at once: no server died of them.
        expect(browser.reloads).toBe(0);
    });

    test('stays away from an instance that another took over, until the page is used', async () => {
        const socket = await live(counter);
        socket.drop(4002);
        await clock().pass(60_000);
        expect(browser.sockets.length).toBe(1);
        document.dispatchEvent(new Event('pointerdown'));
        await settle();
        expect(browser.sockets.length).toBe(2);
    });

    test('is closed with the page, and opened when it comes back', async () => {
        const socket = await live(counter);
        const transition = (name: string, persisted: boolean) => window.dispatchEvent(Object.assign(new Event(name), { persisted }));
        transition('pagehide', true);
        expect(socket.isClosed).toBe(true);
        expect(socket.frames('leave')).toEqual([]);
        transition('pageshow', true);
        await clock().pass(50);
        const second = await join();
        expect(second.sent[0]![1]).toMatchObject({ nav: 'rejoin', doc: (socket.sent[0]![1] as { doc: string }).doc, tab: (socket.sent[0]![1] as { tab: string }).tab });
        transition('pagehide', false);
        expect(second.frames('leave')).toEqual([['leave']]);
    });

    test('takes new tickets', async () => {
        const socket = await live(counter);
        socket.say('ticket', 'ticket9');
        socket.drop();
        await clock().pass(250);
        const second = await join();
        expect(second.sent[0]![1]).toMatchObject({ ticket: 'ticket9' });
    });

    test('that sends nonsense is made again', async () => {
        const socket = await live(counter);
        socket.onmessage!({ data: '{' });
        expect(socket.isClosed).toBe(true);
    });
});

describe('The status', () => {
    const warns = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));

    test('is offline before the first join only after a second', async () => {
        await begin(counter);
        expect(status()).toBeNull();
        await clock().pass(999);
        expect(status()).toBeNull();
        await clock().pass(1);
        expect(status()).toBe('offline');
        await join();
        expect(status()).toBe('live');
    });

    test('goes through saving and unsaved back to live, and warns meanwhile', async () => {
        const socket = await live(counter);
        expect([status(), warns()]).toEqual(['live', false]);
        click('button');
        expect([status(), warns()]).toEqual(['saving', true]);
        await clock().pass(3000);
        expect(status()).toBe('unsaved');
        expect(query('[role=status]').textContent).toContain('not saved');
        socket.say('ack', 1);
        expect([status(), warns()]).toEqual(['live', false]);
        expect(query('[role=status]').textContent).toContain('saved');
        expect(heard.filter(event => event.type === 'holdfast:status').map(event => event.detail)).toEqual(['live', 'saving', 'unsaved', 'live']);
    });

    test('is unsaved at once when the socket is lost while an event is unacked', async () => {
        const socket = await live(counter);
        click('button');
        socket.drop();
        expect(status()).toBe('unsaved');
    });

    test('is offline a second after a socket is lost, and not for a short loss', async () => {
        const socket = await live(counter);
        socket.drop();
        expect(status()).toBe('live');
        await clock().pass(250);
        await join();
        await clock().pass(2000);
        expect(status()).toBe('live');
        browser.socket.drop();
        await clock().pass(1000);
        expect(status()).toBe('offline');
    });

    test('is offline when the browser says so', async () => {
        await live(counter);
        online = false;
        window.dispatchEvent(new Event('offline'));
        expect(status()).toBe('offline');
    });

    test('says nothing in ordinary use', async () => {
        const socket = await live(counter);
        click('button');
        socket.say('ack', 1);
        expect(query('[role=status]').textContent).toBe('');
    });

    test('speaks the language of the page', async () => {
        await begin(counter, 'data-text-offline="Getrennt."');
        await clock().pass(1000);
        expect(query('[role=status]').textContent).toBe('Getrennt.');
    });

    test('keeps saying that an event failed when the page is live again right after', async () => {
        const first = await live(counter);
        click('button');
        first.drop();
        expect(status()).toBe('unsaved');
        await clock().pass(250);
        const second = await join(browser.socket, { instance: 'i2' });
        second.say('error', 'stale', 1, '');
        second.say('ack', 1);
        expect(status()).toBe('live');
        expect(query('[role=status]').textContent).toContain('not succeed');
    });

    test('the page takes no more than it can keep, until all is acked', async () => {
        const socket = await live(counter);
        const digest = digestOf(start);
        for (let i = 0; i < MaxEvents; i++)
            click('button');
        expect(query('button').hasAttribute('inert')).toBe(true);
        socket.drop();
        await clock().pass(250);
        const second = await join();
        expect(second.sent[0]![1]).toMatchObject({ digest });
        expect(query('button').hasAttribute('inert')).toBe(true);
        second.say('ack', MaxEvents);
        expect(query('button').hasAttribute('inert')).toBe(false);
    });
});

describe('Poison', () => {
    test('an event that kills the server twice is dropped and shown', async () => {
        const socket = await live(counter);
        click('button');
        socket.drop();
        await clock().pass(250);
        (await join(browser.socket, { start: 's2' })).drop();
        await clock().pass(500);
        const third = await join(browser.socket, { start: 's3' });
        expect(third.frames('event')).toEqual([['event', 1, 0, '', null]]);
        expect(heard.find(event => event.type === 'holdfast:error')?.detail).toMatchObject({ code: 'failed', ref: 1 });
    });

    test('a server that said goodbye did not die of it', async () => {
        const socket = await live(counter);
        click('button');
        click('button');
        socket.say('goaway', 'shutdown', 100);
        await clock().pass(100);
        const second = await join(browser.socket, { start: 's2' });
        expect(second.frames('event').length).toBe(2);
    });
});

describe('Without a socket', () => {
    const page1 = '<input name="hf:field" form="holdfast-post" data-hf="input:field">'
        + '<p data-hf="click:around keydown:keydown"><button form="holdfast-post" name="hf:click:button" data-hf="click:button" data-hf-post="form name"><b>+1</b></button></p>'
        + '<form method="post" data-hf="submit:submit"><input type="hidden" name="holdfast" value="S2"><input name="said">'
        + '<button name="hf:submit:sendsend" data-hf="click:sendsend">send</button><button id="clear" name="hf:click:clear" data-hf="click:clear" data-hf-post="type:button">clear</button></form>';
    const around = '<form id="holdfast-post" method="post" hidden><input type="hidden" name="holdfast" value="S1"></form>';
    const warns = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
    /** Submits; answers whether the browser posts the form. */
    const submit = (selector = 'form') => query(selector).dispatchEvent(
        Object.assign(new Event('submit', { bubbles: true, cancelable: true }), { submitter: query(selector).querySelector('button') }));
    const tab = expect.stringMatching(/^[\w-]{22}$/) as unknown;
    const answer = (status: number) => () => Promise.resolve(new Response(null, { status }));

    async function open(): Promise<void> {
        await begin(page1);
        document.body.insertAdjacentHTML('beforeend', around);
    }

    /** The socket fails, and HTTP answers. */
    async function refuse(status = 204): Promise<void> {
        browser.answer = answer(status);
        browser.socket.drop();
        await settle();
    }

    test('buttons and forms are events while the first join may still come', async () => {
        await open();
        expect([click('b'), click('#clear'), submit(), submit('#holdfast-post')]).toEqual([false, false, false, false]);
        expect((await join()).frames('event').map(frame => frame[3])).toEqual(['button', 'around', 'clear', 'submit']);
        expect(browser.posted.concat(browser.submitted)).toEqual([]);
        await clock().pass(5000);
        expect(status()).not.toBe('forms');
    });

    test('they are left to the browser when it cannot', async () => {
        await open();
        await refuse();
        expect(status()).toBe('forms');
        expect([click('b'), submit(), submit('#holdfast-post'), warns()]).toEqual([true, true, true, false]);
        await clock().pass(60_000);
        expect([status(), browser.submitted]).toEqual(['forms', []]);
        expect(browser.sockets.length).toBeGreaterThan(2);
    });

    test('no matter what HTTP answers', async () => {
        await open();
        await refuse(503);
        expect(status()).toBe('forms');
    });

    test('they wait where HTTP does not answer either, but no longer than 5 s', async () => {
        await open();
        browser.socket.drop();
        await clock().pass(4999);
        expect([status(), submit()]).toEqual(['offline', false]);
        await clock().pass(1);
        expect(browser.submitted).toMatchObject([{ holdfast: 'S2' }]);
    });

    test('a socket that hangs is waited for 5 s', async () => {
        await open();
        click('b');
        browser.socket.open();
        await clock().pass(4999);
        expect([status(), browser.submitted]).toEqual(['unsaved', []]);
        await clock().pass(1);
        expect(browser.submitted.length).toBe(1);
        expect(browser.socket.isClosed).toBe(true);
    });

    test('the browser that is offline posts nothing until it is online', async () => {
        await open();
        online = false;
        click('b');
        await clock().pass(10_000);
        expect(browser.submitted).toEqual([]);
        online = true;
        await clock().pass(5000);
        expect(browser.submitted.length).toBe(1);
    });

    test('a click that waits is posted by the browser, which shows the answer', async () => {
        await open();
        type('input', 'typed');
        click('b');
        type('input', 'typed after');
        expect(warns()).toBe(true);
        await refuse();
        expect(browser.submitted).toEqual([{ holdfast: 'S1', 'hf:field': 'typed', 'hf:click:button': '', 'holdfast-tab': tab, 'holdfast-ref': '2' }]);
        expect([browser.posted, warns(), query('p').hasAttribute('inert')]).toEqual([[], false, true]);
        await clock().pass(60_000);
        expect([browser.submitted.length, browser.sockets.length]).toEqual([1, 1]);
    });

    test('several are posted in their order, and each is another POST', async () => {
        await open();
        click('b');
        click('b');
        query<HTMLInputElement>('[name=said]').value = 'said';
        click('[name="hf:submit:sendsend"]'); // and the form is submitted, which carries both
        await refuse(204);
        await clock().pass(0);
        expect(browser.posted).toEqual(['1', '3'].map(ref => ({ holdfast: 'S1', 'hf:field': '', 'hf:click:button': '', 'holdfast-tab': tab, 'holdfast-ref': ref })));
        expect(browser.submitted).toEqual([{ holdfast: 'S2', said: 'said', 'hf:submit:sendsend': '', 'holdfast-tab': tab, 'holdfast-ref': expect.any(String) as unknown }]);
    });

    test('a POST that may have been lost is repeated, and what is clicked meanwhile comes after it', async () => {
        await open();
        click('b');
        click('#clear');
        await refuse(503);
        click('b');
        browser.answer = () => Promise.reject(new Error('no network'));
        await clock().pass(5000);
        expect(browser.submitted).toEqual([]);
        browser.answer = answer(500);
        await clock().pass(5000);
        expect(browser.posted[1]).toEqual(browser.posted[0]);
        expect(browser.posted[2]).toEqual(browser.posted[0]);
        expect(browser.posted.slice(3)).toMatchObject([{ 'hf:click:clear': '' }]);
        expect(browser.submitted).toMatchObject([{ 'hf:click:button': '' }]);
        expect(browser.sockets.length).toBe(1);
    });

    test('what no form posts is dropped, and what was typed is told when there is a socket', async () => {
        await open();
        type('input', 'typed');
        query('p').dispatchEvent(new KeyboardEvent('keydown', { bubbles: true }));
        await refuse();
        type('input', 'typed on');
        await clock().pass(4000);
        expect([status(), warns(), browser.submitted]).toEqual(['forms', false, []]);
        await clock().pass(60_000);
        const socket = await join();
        expect(status()).toBe('live');
        click('b');
        expect([socket.frames('fields'), socket.frames('event')]).toEqual([[['fields', [['field', 'typed on', 0]]]], [['event', 1, 0, 'button'], ['event', 2, 0, 'around']]]);
    });

    test('but never once the page was live', async () => {
        await live(page1);
        document.body.insertAdjacentHTML('beforeend', around);
        await refuse();
        expect([click('b'), submit()]).toEqual([true, false]); // the button is the live page's, which submits nothing
        await clock().pass(60_000);
        expect([status(), browser.submitted]).toEqual(['unsaved', []]);
    });

    test('the next page of the tab knows it at once, for some minutes, or until a socket comes', async () => {
        await open();
        await refuse();
        const storage = new Map<string, string>();
        const next = async (ago: number) => {
            page.stop();
            await open();
            page.stop();
            browser = new FakeBrowser();
            browser.storage = { getItem: (key: string) => storage.get(key) ?? null, setItem: (key: string, value: string) => storage.set(key, value) } as object as Storage;
            await clock().pass(ago);
            page = new Page(start, query('#holdfast'), browser);
            page.start();
            await settle();
        };
        await next(0);
        expect(status()).toBeNull();
        await refuse();
        expect(storage.get('holdfast-forms')).toBe(String(clock().now() + 300_000));
        await next(299_999);
        expect([status(), submit()]).toEqual(['forms', true]);
        await next(700_000);
        expect([status(), submit()]).toEqual([null, false]);
        await refuse();
        await next(700_001);
        expect([status(), submit()]).toEqual(['forms', true]);
        await join();
        expect([status(), submit()]).toEqual(['live', false]);
        await next(700_001);
        expect([status(), submit()]).toEqual([null, false]);
    });
});

test('A navigation waits for the acks of the page being left', async () => {
    const socket = await live(counter);
    click('button');
    socket.say('navigate', '/next');
    expect(browser.loaded).toEqual([]);
    socket.say('ack', 1);
    expect(browser.loaded).toEqual(['http://localhost:3000/next']);
    socket.say('navigate', 'javascript:alert(1)');
    expect(browser.loaded.length).toBe(1);
});

test('A page that restores tab state is hidden after a reload until it is joined', async () => {
    vi.spyOn(performance, 'getEntriesByType').mockReturnValue([{ type: 'reload' } as unknown as PerformanceEntry]);
    const animation = { cancel: vi.fn() };
    const animate = vi.fn(() => animation);
    Object.assign(Element.prototype, { animate });
    await begin(counter, 'data-tab-state');
    expect(animate).toHaveBeenCalledTimes(2);
    expect(animation.cancel).not.toHaveBeenCalled();
    const socket = await join();
    expect(animation.cancel).toHaveBeenCalledTimes(2);
    expect(socket.sent[0]![1]).toMatchObject({ nav: 'reload' });
    delete (Element.prototype as Partial<Element>).animate;
});
