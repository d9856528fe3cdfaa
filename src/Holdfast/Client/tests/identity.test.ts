import { beforeEach, describe, expect, test } from 'vitest';
import { Identity, type Neighbours, randomId } from '../src/identity';
import { FakeClock, settle } from './support';

/** The part of Web Locks that is used: one holder at a time, the others wait. */
class FakeLocks {
    readonly #queues = new Map<string, (() => void)[]>();

    request = async (name: string, { signal }: LockOptions, callback: () => Promise<void>): Promise<void> => {
        const queue = this.#queues.get(name) ?? [];
        this.#queues.set(name, queue);
        await new Promise<void>((resolve, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason as Error));
            queue.push(resolve);
            if (queue.length === 1)
                resolve();
        });
        await callback();
        queue.shift();
        queue[0]?.();
    };
}

class FakeChannel {
    static readonly all = new Set<FakeChannel>();
    onmessage: ((event: { data: unknown }) => void) | null = null;
    constructor() {
        FakeChannel.all.add(this);
    }
    postMessage(data: unknown): void {
        for (const other of FakeChannel.all)
            if (other !== this)
                queueMicrotask(() => other.onmessage?.({ data }));
    }
    close(): void {
        FakeChannel.all.delete(this);
        this.onmessage = null;
    }
}

const storageWith = (entries: [string, string][]): Storage => {
    const map = new Map(entries);
    return { getItem: (key: string) => map.get(key) ?? null, setItem: (key: string, value: string) => map.set(key, value) } as unknown as Storage;
};

let clock: FakeClock;
let locks: FakeLocks | undefined;
beforeEach(() => {
    clock = new FakeClock();
    FakeChannel.all.clear();
});

const neighbours = (storage: Storage | undefined): Neighbours => ({
    storage,
    locks: locks as unknown as LockManager | undefined,
    openChannel: () => new FakeChannel() as unknown as BroadcastChannel,
});

async function claimed(identity: Identity): Promise<Identity> {
    const claim = identity.claim();
    await clock.pass(1000);
    await claim;
    return identity;
}

test('Ids are 22 characters of base64url, and differ', () => {
    expect(randomId()).toMatch(/^[\w-]{22}$/);
    expect(randomId()).not.toBe(randomId());
});

describe.each(['locks', 'a channel'])('With %s', means => {
    beforeEach(() => {
        locks = means === 'locks' ? new FakeLocks() : undefined;
    });

    test('a new tab gets an id and keeps it over reloads', async () => {
        const storage = storageWith([]);
        const first = await claimed(new Identity(clock, neighbours(storage), ''));
        first.release();
        await settle();
        const second = await claimed(new Identity(clock, neighbours(storage), ''));
        expect(second.tab).toBe(first.tab);
        expect(second.document).not.toBe(first.document);
    });

    test('a duplicated tab gets its own, the first keeps its', async () => {
        const first = await claimed(new Identity(clock, neighbours(storageWith([['holdfast-tab', 'original']])), ''));
        const copyOfStorage = storageWith([['holdfast-tab', 'original']]);
        const second = await claimed(new Identity(clock, neighbours(copyOfStorage), ''));
        expect(first.tab).toBe('original');
        expect(second.tab).toMatch(/^[\w-]{22}$/);
        expect(copyOfStorage.getItem('holdfast-tab')).toBe(second.tab);
    });

    test('a document that comes out of the bfcache takes its id again', async () => {
        const identity = await claimed(new Identity(clock, neighbours(storageWith([])), ''));
        const { tab } = identity;
        identity.release();
        await settle();
        await claimed(identity);
        expect(identity.tab).toBe(tab);
    });

    test('a frame does not take the id of its page', async () => {
        const storage = storageWith([]);
        const page = await claimed(new Identity(clock, neighbours(storage), ''));
        const frame = await claimed(new Identity(clock, neighbours(storage), '/inner'));
        expect(frame.tab).not.toBe(page.tab);
        expect(storage.getItem('holdfast-tab')).toBe(page.tab);
    });

    test('storage that throws or lies breaks nothing', async () => {
        const throwing = { getItem: () => { throw new Error('blocked'); }, setItem: () => { throw new Error('blocked'); } } as unknown as Storage;
        for (const storage of [throwing, undefined, storageWith([['holdfast-tab', 'not an id!']])])
            expect((await claimed(new Identity(clock, neighbours(storage), ''))).tab).toMatch(/^[\w-]{22}$/);
    });
});

test('A lock that the document before lets go in time is no duplicate', async () => {
    locks = new FakeLocks();
    const before = await claimed(new Identity(clock, neighbours(storageWith([['holdfast-tab', 'tab']])), ''));
    const reloaded = new Identity(clock, neighbours(storageWith([['holdfast-tab', 'tab']])), '');
    const claim = reloaded.claim();
    await clock.pass(100);
    before.release();
    await settle();
    await claim;
    expect(reloaded.tab).toBe('tab');
});

test('Of two copies that ask at once, one keeps the id', async () => {
    locks = undefined;
    const both = ['', ''].map(() => new Identity(clock, neighbours(storageWith([['holdfast-tab', 'tab']])), ''));
    const claims = both.map(identity => identity.claim());
    await clock.pass(1000);
    await Promise.all(claims);
    expect(both.filter(identity => identity.tab === 'tab').length).toBe(1);
});
