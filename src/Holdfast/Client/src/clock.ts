/** Time and chance, in one place so that a test holds both. */
export interface Clock {
    /** Milliseconds since some fixed moment, the same for all documents. */
    now(): number;
    /** From 0 up to, but not including, 1. */
    random(): number;
    /** Runs once, later; the answer cancels it, and may be called at any time. */
    after(milliseconds: number, run: () => void): () => void;
}

export const browserClock: Clock = {
    now: () => performance.timeOrigin + performance.now(),
    random: () => Math.random(),
    after(milliseconds, run) {
        const timer = setTimeout(run, milliseconds);
        return () => clearTimeout(timer);
    },
};

/** One alarm that can be set again; setting it cancels the one before. */
export class Alarm {
    readonly #clock: Clock;
    #cancel: (() => void) | undefined;

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    get isSet(): boolean {
        return this.#cancel !== undefined;
    }

    set(milliseconds: number, run: () => void): void {
        this.clear();
        this.#cancel = this.#clock.after(Math.max(0, milliseconds), () => {
            this.#cancel = undefined;
            run();
        });
    }

    clear(): void {
        this.#cancel?.();
        this.#cancel = undefined;
    }
}
