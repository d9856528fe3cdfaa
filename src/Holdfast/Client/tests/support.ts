import type { Clock } from '../src/clock';
import type { Browser } from '../src/page';
import { findPage } from '../src/tree';

/** Time that passes only when a test says so. */
export class FakeClock implements Clock {
    #now = 1_000_000;
    #timers: { at: number; run: () => void }[] = [];
    /** What `random` answers. */
    chance = 0.5;

    now = () => this.#now;
    random = () => this.chance;

    after(milliseconds: number, run: () => void): () => void {
        const timer = { at: this.#now + milliseconds, run };
        this.#timers.push(timer);
        return () => {
            this.#timers = this.#timers.filter(other => other !== timer);
        };
    }

    /** Lets time pass, with all that is due in it. */
    async pass(milliseconds: number): Promise<void> {
        const end = this.#now + milliseconds;
        await settle();
        for (;;) {
            const due = this.#timers.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0];
            if (!due)
                break;
            this.#timers = this.#timers.filter(timer => timer !== due);
            this.#now = Math.max(this.#now, due.at);
            due.run();
            await settle();
        }
        this.#now = end;
    }
}

/** Lets promises that are ready go on. */
export async function settle(): Promise<void> {
    for (let i = 0; i < 20; i++)
        await Promise.resolve();
}

/** The server's end of a socket. */
export class FakeSocket {
    readyState = 0;
    readonly url: string;
    readonly sent: unknown[][] = [];
    isClosed = false;
    onopen: (() => void) | null = null;
    onmessage: ((event: { data: string }) => void) | null = null;
    onclose: ((event: { code: number }) => void) | null = null;

    constructor(url: string) {
        this.url = url;
    }

    send(text: string): void {
        this.sent.push(JSON.parse(text) as unknown[]);
    }

    close(): void {
        this.readyState = 3;
        this.isClosed = true;
    }

    open(): void {
        this.readyState = 1;
        this.onopen?.();
    }

    say(...frame: unknown[]): void {
        this.onmessage?.({ data: JSON.stringify(frame) });
    }

    drop(code = 1006): void {
        this.readyState = 3;
        this.onclose?.({ code });
    }

    /** Frames of one kind. */
    frames(kind: string): unknown[][] {
        return this.sent.filter(frame => frame[0] === kind);
    }
}

export class FakeBrowser implements Browser {
    readonly clock = new FakeClock();
    readonly sockets: FakeSocket[] = [];
    readonly fetched: string[] = [];
    readonly loaded: string[] = [];
    /** What was posted by `fetch`, and by a form. */
    readonly posted: Record<string, unknown>[] = [];
    readonly submitted: Record<string, unknown>[] = [];
    reloads = 0;
    answer: () => Promise<Response> = () => Promise.reject(new Error('no network'));
    storage: Storage | undefined;
    locks: LockManager | undefined;
    openChannel = () => undefined;

    openSocket(url: string): WebSocket {
        const socket = new FakeSocket(url);
        this.sockets.push(socket);
        return socket as unknown as WebSocket;
    }

    fetch(url: string, { body }: RequestInit): Promise<Response> {
        this.fetched.push(url);
        if (body)
            this.posted.push(Object.fromEntries(body as FormData));
        return this.answer();
    }

    reload(): void {
        this.reloads++;
    }

    load(url: string): void {
        this.loaded.push(url);
    }

    submit(fields: FormData): void {
        this.submitted.push(Object.fromEntries(fields));
    }

    get socket(): FakeSocket {
        return this.sockets.at(-1)!;
    }
}

/** Puts a live page into the document, as a server's HTML would. */
export function mount(html: string): Comment {
    document.body.innerHTML = `<header>shell</header><!--holdfast-->${html}<!--/holdfast--><footer>shell</footer>`;
    return findPage()!;
}

/** What lies between the page's markers. */
export function shown(): string {
    return /<!--holdfast-->(.*)<!--\/holdfast-->/s.exec(document.body.innerHTML)![1]!;
}

export const query = <T extends Element = HTMLElement>(selector: string): T => document.querySelector<T>(selector)!;

/** The same numbers in each run. Source: mulberry32. */
export function seeded(seed: number): () => number {
    return () => {
        seed = (seed + 0x6d2b79f5) | 0;
        let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}
