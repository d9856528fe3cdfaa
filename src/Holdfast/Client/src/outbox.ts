import { Alarm, type Clock } from './clock';
import { MaxEvents, Time } from './constants';

export interface QueuedEvent {
    readonly ref: number;
    address: string;
    /** Undefined where the event has none. */
    payload: unknown;
    /** The last patch that was applied when it happened: what the user saw. */
    sequence: number;
    /** What the browser would have posted for it; undefined where that is nothing. */
    post: FormData | undefined;
}

interface Entry extends QueuedEvent {
    readonly queuedAt: number;
    /** The control whose newest value counts, if it is such an event. */
    source: object | undefined;
    /** Whether it was sent since the last join or `wait`. */
    sent: boolean;
    /** The start of the server that it was last sent to. */
    sentTo: string | undefined;
    /** Settled out of order: only its ref is still to be told. */
    settled: boolean;
}

export interface OutboxListener {
    send(event: QueuedEvent): void;
    /** Something was queued, settled or acked. */
    changed(): void;
    /** The event met two deaths of the server in a row and is not sent again. */
    poisoned(ref: number): void;
}

/**
 * Owns the events from their ref to their ack. All that leaves goes through `#pump`, in order; what the server did not
 * take is sent again from there on (go-back-N), so that it applies each event once.
 */
export class Outbox {
    readonly #clock: Clock;
    readonly #listener: OutboxListener;
    readonly #entries: Entry[] = [];
    readonly #pause: Alarm;
    #lastRef = 0;
    #acked = 0;
    #isOpen = false;
    #start: string | undefined;
    #suspect = { ref: 0, deaths: 0 };
    /** While not 0, nothing but this event is sent. */
    #alone = 0;
    #resent = { ref: 0, at: 0 };
    #resendFrom = 0;
    #resendAt = 0;

    constructor(clock: Clock, listener: OutboxListener) {
        this.#clock = clock;
        this.#listener = listener;
        this.#pause = new Alarm(clock);
    }

    /** The first ref that is not acked. */
    get next(): number {
        return this.#acked + 1;
    }

    get isFull(): boolean {
        return this.#entries.length >= MaxEvents;
    }

    get isEmpty(): boolean {
        return this.#entries.length === 0;
    }

    /** When the oldest unsettled event was queued; undefined if there is none. */
    get oldest(): number | undefined {
        return this.#entries.find(entry => !entry.settled)?.queuedAt;
    }

    /** Those that can be posted. */
    get posts(): QueuedEvent[] {
        return this.#entries.filter(entry => entry.post);
    }

    isSettled(ref: number): boolean {
        return ref <= this.#acked || this.#entries.some(entry => entry.ref === ref && entry.settled);
    }

    /** Queues an event and answers its ref, 0 where no more are taken. `source` makes it one of which only the newest counts. */
    add(address: string, payload: unknown, source?: object, sequence = 0, post?: FormData): number {
        const last = this.#entries.at(-1);
        if (source && last?.source === source && last.address === address && last.sentTo === undefined) {
            last.payload = payload;
            last.sequence = sequence;
            return last.ref;
        }
        if (this.isFull)
            return 0;
        const ref = ++this.#lastRef;
        this.#entries.push({
            ref, address, payload, sequence, post, source, queuedAt: this.#clock.now(), sent: false, sentTo: undefined, settled: false,
        });
        this.#pump();
        this.#listener.changed();
        return ref;
    }

    /** Forgets what waits, none of which was ever sent. */
    drop(): void {
        this.#lastRef = this.#acked;
        this.#entries.length = 0;
        this.#listener.changed();
    }

    /** All up to `ref` are settled and durable. */
    ack(ref: number): void {
        if (ref <= this.#acked)
            return;
        this.#acked = ref;
        this.#lastRef = Math.max(this.#lastRef, ref);
        while (this.#entries[0] && this.#entries[0].ref <= ref)
            this.#entries.shift();
        if (this.#alone <= ref)
            this.#alone = 0;
        this.#pump();
        this.#listener.changed();
    }

    /** The event is settled without effect; its ref stays until the ack reaches it. */
    settle(ref: number): void {
        const entry = this.#entries.find(entry => entry.ref === ref);
        if (!entry)
            return;
        Object.assign(entry, { address: '', payload: null, source: undefined, settled: true });
        if (this.#alone === ref)
            this.#alone = 0;
        this.#pump();
        this.#listener.changed();
    }

    /** The server takes nothing more on this connection. */
    close(): void {
        this.#isOpen = false;
        this.#pause.clear();
        for (const entry of this.#entries)
            entry.sent = false;
    }

    /** After a join: `next` is what the server takes, `start` which process it is, `announced` whether the one before said that it ends. */
    open(next: number, start: string, announced: boolean): void {
        const died = this.#start !== undefined && this.#start !== start && !announced;
        this.close();
        for (const entry of this.#entries)
            entry.sent = entry.ref < next;
        this.#alone = 0;
        if (died)
            this.#suspectFirst(next);
        this.#start = start;
        this.#isOpen = true;
        this.#pump();
        this.#listener.changed();
    }

    /** The server asks for all from `ref` on, later. */
    wait(milliseconds: number, ref: number): void {
        const now = this.#clock.now();
        // Each frame that is under way behind the refused one asks again for the same.
        const soonest = ref === this.#resent.ref ? this.#resent.at + Time.Resend : 0;
        const at = Math.max(now + milliseconds, soonest);
        this.#resendFrom = this.#pause.isSet ? Math.min(this.#resendFrom, ref) : ref;
        this.#resendAt = this.#pause.isSet ? Math.max(this.#resendAt, at) : at;
        this.#pause.set(this.#resendAt - now, () => this.#resend());
    }

    #resend(): void {
        this.#resent = { ref: this.#resendFrom, at: this.#clock.now() };
        for (const entry of this.#entries)
            entry.sent &&= entry.ref < this.#resendFrom;
        this.#pump();
    }

    #suspectFirst(next: number): void {
        const first = this.#entries.find(entry => entry.ref >= next);
        if (!first || first.settled || first.sentTo !== this.#start)
            return;
        const deaths = first.ref === this.#suspect.ref ? this.#suspect.deaths + 1 : 1;
        this.#suspect = { ref: first.ref, deaths };
        if (deaths > 1) {
            this.settle(first.ref);
            this.#listener.poisoned(first.ref);
        } else {
            this.#alone = first.ref;
        }
    }

    #pump(): void {
        if (!this.#isOpen || this.#pause.isSet)
            return;
        for (const entry of this.#entries) {
            if (entry.sent)
                continue;
            if ((this.#alone && entry.ref !== this.#alone) || this.#isHeldBack(entry))
                break;
            entry.sent = true;
            entry.sentTo = this.#start!;
            this.#listener.send(entry);
        }
    }

    /** A value may still be replaced while it is the last in the queue and the one before it is unacked. */
    #isHeldBack(entry: Entry): boolean {
        return entry.source !== undefined && entry.sentTo === undefined && entry === this.#entries.at(-1)
            && this.#entries.some(other => other !== entry && other.source === entry.source && other.address === entry.address);
    }
}
