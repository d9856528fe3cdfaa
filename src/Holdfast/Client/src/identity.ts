import type { Clock } from './clock';
import { TabKey, Time } from './constants';

/** What the browser lends to tell documents of one tab from another. */
export interface Neighbours {
    readonly storage: Storage | undefined;
    readonly locks: LockManager | undefined;
    openChannel(name: string): BroadcastChannel | undefined;
}

/** 128 random bits as base64url. */
export function randomId(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
}

/**
 * Owns the ids of tab and document. A duplicated tab begins with a copy of `sessionStorage`; the document that lives
 * keeps a lock on its tab's id, so that the copy finds it taken and makes an id of its own.
 */
export class Identity {
    readonly document = randomId();
    tab = '';
    readonly #clock: Clock;
    readonly #neighbours: Neighbours;
    readonly #key: string;
    #release: (() => void) | undefined;
    #claimed: Promise<void> | undefined;

    /** `scope` is empty for a page of its own; frames share the storage of their tab, so each says where it is. */
    constructor(clock: Clock, neighbours: Neighbours, scope: string) {
        this.#clock = clock;
        this.#neighbours = neighbours;
        this.#key = TabKey + scope;
    }

    /** Takes the tab's id, or a new one if another document lives by it. Does nothing while it is held. */
    claim(): Promise<void> {
        return this.#claimed ??= this.#claim();
    }

    async #claim(): Promise<void> {
        const known = this.tab || this.recall(this.#key);
        if (/^[\w-]{1,32}$/.test(known) && await this.#hold(known)) {
            this.tab = known;
        } else {
            this.tab = randomId();
            await this.#hold(this.tab);
        }
        this.remember(this.#key, this.tab);
    }

    /** Lets the next document of this tab have its id. */
    release(): void {
        this.#release?.();
        this.#release = this.#claimed = undefined;
    }

    #hold(id: string): Promise<boolean> {
        return (this.#neighbours.locks ? this.#lock(id) : this.#inquire(id)).catch(() => true);
    }

    /** A lock that is taken may be that of the document that this one replaces, which is about to let go. */
    #lock(id: string): Promise<boolean> {
        return new Promise((resolve, reject) => {
            const patience = new AbortController();
            const cancel = this.#clock.after(Time.TabLock, () => patience.abort());
            this.#neighbours.locks!.request(TabKey + ' ' + id, { signal: patience.signal }, () => {
                cancel();
                return new Promise<void>(release => {
                    this.#release = release;
                    resolve(true);
                });
            }).catch(error => {
                cancel();
                if (patience.signal.aborted)
                    resolve(false);
                else
                    reject(error);
            });
        });
    }

    /** Locks need a secure context; without one, documents ask each other. */
    #inquire(id: string): Promise<boolean> {
        return new Promise(resolve => {
            const channel = this.#neighbours.openChannel(TabKey);
            if (!channel)
                return resolve(true);
            let isOurs = false;
            const mine = this.document;
            const conclude = (answer: boolean) => {
                cancel();
                isOurs = answer;
                if (answer)
                    this.#release = () => channel.close();
                else
                    channel.close();
                resolve(answer);
            };
            channel.onmessage = ({ data }: MessageEvent<{ id: string; from: string; taken?: string }>) => {
                const asks = data.id === id && !data.taken;
                if (asks && (isOurs || mine < data.from))
                    channel.postMessage({ id, from: mine, taken: data.from });
                else if (!isOurs && (asks || data.taken === mine)) // of two that ask at once, the other stays
                    conclude(false);
            };
            const cancel = this.#clock.after(Time.TabInquiry, () => conclude(true));
            channel.postMessage({ id, from: mine });
        });
    }

    /** What this tab remembers under a key; empty: nothing. Storage throws where cookies are blocked; then a tab remembers nothing. */
    recall(key: string): string {
        try {
            return this.#neighbours.storage?.getItem(key) ?? '';
        } catch {
            return '';
        }
    }

    remember(key: string, value: string): void {
        try {
            this.#neighbours.storage?.setItem(key, value);
        } catch {
            // As above.
        }
    }
}

/** How this document came to be, for `join`. */
export function navigationKind(): string {
    const entry = performance.getEntriesByType?.('navigation')[0] as PerformanceNavigationTiming | undefined;
    return entry?.type === 'reload' || entry?.type === 'back_forward' ? entry.type : 'navigate';
}
