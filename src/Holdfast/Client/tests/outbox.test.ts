import { beforeEach, describe, expect, test } from 'vitest';
import { MaxEvents } from '../src/constants';
import { Outbox } from '../src/outbox';
import { FakeClock } from './support';

let clock: FakeClock;
let outbox: Outbox;
let sent: [number, string, unknown][];
let poisoned: number[];

beforeEach(() => {
    clock = new FakeClock();
    sent = [];
    poisoned = [];
    outbox = new Outbox(clock, {
        send: ({ ref, address, payload }) => sent.push([ref, address, payload]),
        changed: () => undefined,
        poisoned: ref => poisoned.push(ref),
    });
});

const refs = () => sent.splice(0).map(([ref]) => ref);

test('Events go at once while open, and wait before', () => {
    outbox.add('aaaaaa', undefined);
    expect(refs()).toEqual([]);
    outbox.open(1, 's', false);
    outbox.add('bbbbbb', undefined);
    expect(refs()).toEqual([1, 2]);
    outbox.close();
    outbox.add('cccccc', undefined);
    expect(refs()).toEqual([]);
});

test('Acks are cumulative, and tell what is next', () => {
    outbox.open(1, 's', false);
    ['a', 'b', 'c'].forEach(address => outbox.add(address, undefined));
    outbox.ack(2);
    expect(outbox.next).toBe(3);
    expect(outbox.isEmpty).toBe(false);
    outbox.ack(1);
    expect(outbox.next).toBe(3);
    outbox.ack(3);
    expect(outbox.isEmpty).toBe(true);
});

test('A join resends from what the server takes, and nothing below it', () => {
    outbox.open(1, 's', false);
    ['a', 'b', 'c'].forEach(address => outbox.add(address, undefined));
    refs();
    outbox.close();
    outbox.open(2, 's', false);
    expect(refs()).toEqual([2, 3]);
    expect(outbox.oldest).toBeDefined();
    outbox.ack(3);
    expect(outbox.oldest).toBeUndefined();
});

describe('wait', () => {
    beforeEach(() => {
        outbox.open(1, 's', false);
        ['a', 'b', 'c'].forEach(address => outbox.add(address, undefined));
        refs();
    });

    test('resends all from the ref on after the time, and holds back what comes meanwhile', async () => {
        outbox.wait(500, 2);
        outbox.add('d', undefined);
        await clock.pass(499);
        expect(refs()).toEqual([]);
        await clock.pass(1);
        expect(refs()).toEqual([2, 3, 4]);
    });

    test('of the frames behind the refused one makes no storm', async () => {
        outbox.wait(0, 1);
        outbox.wait(0, 1);
        await clock.pass(0);
        expect(refs()).toEqual([1, 2, 3]);
        outbox.wait(0, 1);
        outbox.wait(0, 1);
        await clock.pass(10);
        expect(refs()).toEqual([]);
        await clock.pass(1000);
        expect(refs()).toEqual([1, 2, 3]);
    });
});

describe('Conflation', () => {
    const control = {}, other = {};
    const values = () => sent.splice(0).map(([ref, , payload]) => [ref, payload]);

    beforeEach(() => outbox.open(1, 's', false));

    test('keeps only the newest value while one is unacked', () => {
        for (const value of ['a', 'ab', 'abc'])
            outbox.add('input1', value, control);
        expect(values()).toEqual([[1, 'a']]);
        outbox.ack(1);
        expect(values()).toEqual([[2, 'abc']]);
    });

    test('never changes what was sent, even on a connection that is gone', () => {
        outbox.add('input1', 'a', control);
        outbox.close();
        outbox.add('input1', 'ab', control);
        outbox.add('input1', 'abc', control);
        sent = [];
        outbox.open(1, 's', false);
        expect(values()).toEqual([[1, 'a']]);
        outbox.ack(1);
        expect(values()).toEqual([[2, 'abc']]);
    });

    test('keeps the order: another event takes the value with it', () => {
        outbox.add('input1', 'a', control);
        outbox.add('input1', 'ab', control);
        outbox.add('button', undefined);
        outbox.add('input1', 'abc', control);
        expect(values()).toEqual([[1, 'a'], [2, 'ab'], [3, undefined]]);
    });

    test('is for each control alone', () => {
        outbox.add('input1', 'a', control);
        outbox.add('input2', 'x', other);
        expect(values()).toEqual([[1, 'a'], [2, 'x']]);
    });
});

test('A failed event leaves an empty one in its place until the ack', () => {
    outbox.open(1, 's', false);
    ['a', 'b', 'c'].forEach(address => outbox.add(address, 'payload'));
    outbox.settle(2);
    expect(outbox.isSettled(2)).toBe(true);
    expect(outbox.isSettled(1)).toBe(false);
    sent = [];
    outbox.close();
    outbox.open(1, 's', false);
    expect(sent).toEqual([[1, 'a', 'payload'], [2, '', null], [3, 'c', 'payload']]);
});

describe('Poison', () => {
    beforeEach(() => {
        outbox.open(1, 'one', false);
        ['a', 'b', 'c'].forEach(address => outbox.add(address, undefined));
        refs();
        outbox.close();
    });

    test('after a death the first unacked event goes alone, the others after it is settled', () => {
        outbox.open(1, 'two', false);
        expect(refs()).toEqual([1]);
        outbox.add('d', undefined);
        expect(refs()).toEqual([]);
        outbox.ack(1);
        expect(refs()).toEqual([2, 3, 4]);
    });

    test('a failure settles it too', () => {
        outbox.open(1, 'two', false);
        outbox.settle(1);
        expect(refs()).toEqual([1, 2, 3]);
    });

    test('at the second death in a row it is replaced and shown as failed', () => {
        outbox.open(1, 'two', false);
        refs();
        outbox.close();
        outbox.open(1, 'three', false);
        expect(poisoned).toEqual([1]);
        expect(sent).toEqual([[1, '', null], [2, 'b', undefined], [3, 'c', undefined]]);
    });

    test('deaths of different events are not in a row', () => {
        outbox.open(1, 'two', false);
        outbox.ack(1);
        outbox.close();
        outbox.open(2, 'three', false);
        expect(poisoned).toEqual([]);
        expect(refs()).toEqual([1, 2, 3, 2]);
    });

    test('an end that was announced is no death', () => {
        outbox.open(1, 'two', true);
        outbox.close();
        outbox.open(1, 'three', true);
        expect(poisoned).toEqual([]);
        expect(refs()).toEqual([1, 2, 3, 1, 2, 3]);
    });

    test('an event that was never sent is not suspected', () => {
        outbox.ack(3);
        outbox.add('d', undefined);
        outbox.open(4, 'two', false);
        outbox.close();
        outbox.open(4, 'two', false);
        expect(refs()).toEqual([4, 4]);
        expect(poisoned).toEqual([]);
    });
});

test('No more than its limit waits', () => {
    for (let i = 0; i < MaxEvents; i++)
        expect(outbox.add('a', undefined)).toBe(i + 1);
    expect(outbox.isFull).toBe(true);
    expect(outbox.add('a', undefined)).toBe(0);
});

test('Through any losses, the server takes each event once and in order', async () => {
    const { seeded } = await import('./support');
    let losses = 0;
    for (let seed = 1; seed <= 50; seed++) {
        const random = seeded(seed);
        const clock = new FakeClock();
        const applied: string[] = [];
        let next = 1;
        const wire: { ref: number; address: string }[] = [];
        const outbox = new Outbox(clock, { send: event => wire.push({ ...event }), changed: () => undefined, poisoned: () => undefined });
        outbox.open(1, 's', false);
        let made = 0;
        for (let step = 0; step < 300 || !outbox.isEmpty; step++) {
            const dice = step < 300 ? random() : 0.4 + random() * 0.5;
            if (dice < 0.35) {
                if (outbox.add(`e${made + 1}`, undefined))
                    made++;
            } else if (dice < 0.75) {
                const event = wire.shift();
                if (event && event.ref === next && random() < 0.15 && step < 300) {
                    losses++;
                    outbox.wait(Math.floor(random() * 100), next);
                } else if (event && event.ref === next) {
                    next++;
                    applied.push(event.address);
                    if (random() < 0.5)
                        outbox.ack(next - 1);
                } else if (event) {
                    if (event.ref > next)
                        outbox.wait(0, next);
                    else
                        outbox.ack(next - 1);
                }
            } else if (dice < 0.85) {
                await clock.pass(100);
            } else if (dice > 0.97 || (step >= 300 && !wire.length)) {
                losses++;
                wire.length = 0;
                outbox.close();
                outbox.open(next, 's', false);
                if (random() < 0.5 || step >= 300)
                    outbox.ack(next - 1);
            }
        }
        expect(applied).toEqual(Array.from({ length: made }, (_, i) => `e${i + 1}`));
    }
    expect(losses).toBeGreaterThan(100);
});
