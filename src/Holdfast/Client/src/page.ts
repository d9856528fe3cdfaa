import { Acknowledgement } from './acknowledgement';
import { adopt } from './adopt';
import { Barrier } from './barrier';
import { Alarm, type Clock } from './clock';
import { Components } from './components';
import { Connection, type Frame, type Network } from './connection';
import { Close, FormsKey, HandlerAttribute, Marker, PostForm, ProtocolVersion, Receive, RefKey, Send, TabKey, Time } from './constants';
import { digestOf } from './digest';
import { Events } from './events';
import { Fields } from './fields';
import { keepFocus } from './focus';
import { Identity, type Neighbours, navigationKind } from './identity';
import { Outbox, type QueuedEvent } from './outbox';
import { type ComponentEdits, Patch } from './patch';
import { conflates, payloadOf } from './payloads';
import { cleanAddress, postOf, takeBack } from './posts';
import { Status } from './status';
import { Ticket } from './ticket';
import { Mismatch, elementsIn, findStart } from './tree';
import { Veil } from './veil';
import type { Value } from './controls';

export interface Joined {
    instance: string;
    start: string;
    next: number;
    seq: number;
    html?: string;
    head?: string;
    found: 'new' | 'restored' | 'notfound' | 'error' | 'recovered';
}

/** All that a page asks of the browser beside its document. */
export interface Browser extends Network, Neighbours {
    readonly clock: Clock;
    reload(): void;
    load(url: string): void;
    /** Posts these fields, and shows the answer. */
    submit(fields: FormData): void;
}

/**
 * The table of contents: what happens, in the order in which it does. A page joins; what the user does goes out as events;
 * patches and acks come in; and whenever the socket is lost, it joins again.
 */
export class Page {
    readonly #start: Comment;
    readonly #script: HTMLElement;
    readonly #browser: Browser;
    readonly #ticket: Ticket;
    readonly #identity: Identity;
    readonly #status: Status;
    readonly #connection: Connection;
    readonly #outbox: Outbox;
    readonly #acknowledgement: Acknowledgement;
    readonly #components = new Components();
    readonly #fields = new Fields();
    readonly #events: Events;
    readonly #patch: Patch;
    readonly #veil = new Veil();
    readonly #barrier = new Barrier();
    readonly #leaving: Alarm;
    readonly #returning: Alarm;
    readonly #undecided: Alarm;
    readonly #startedAt: number;
    /** The last `joined`; undefined until the first. */
    #joined: Joined | undefined;
    /** Whether this connection is joined. */
    #isLive = false;
    /** Whether forms are left to the browser, since no socket could be had. */
    #leavesForms = false;
    /** Whether what waited is being posted, and nothing goes over a socket any more. */
    #isPosting = false;
    #announcedEnd = false;
    #connectionError = '';
    #target: string | undefined;

    constructor(start: Comment, script: HTMLElement, browser: Browser) {
        const { clock } = browser;
        this.#start = start;
        this.#script = script;
        this.#browser = browser;
        this.#startedAt = clock.now();
        this.#leaving = new Alarm(clock);
        this.#returning = new Alarm(clock);
        this.#undecided = new Alarm(clock);
        this.#ticket = new Ticket(script, browser);
        this.#identity = new Identity(clock, browser, window.top === window ? '' : location.pathname);
        this.#status = new Status(clock, script.dataset);
        this.#connection = new Connection(new URL(script.dataset.socket ?? '/_holdfast', location.href), browser, clock, {
            prepare: () => this.#prepare(),
            opened: () => this.#join(),
            received: frame => this.#receive(frame),
            refused: () => this.#turnToForms(),
            closed: code => this.#lost(code),
        });
        this.#acknowledgement = new Acknowledgement(clock, sequence => this.#connection.send([Send.Ack, sequence]));
        this.#outbox = new Outbox(clock, {
            send: event => this.#send(event),
            changed: () => this.#waitingChanged(),
            poisoned: ref => this.#showError('failed', ref, ''),
        });
        this.#events = new Events(this);
        this.#patch = new Patch(this.#components, this.#fields, elements => this.#events.hear(elements));
    }

    start(): void {
        cleanAddress();
        this.#status.start();
        this.#fields.start();
        this.#events.hear(elementsIn(this.#start, `[${HandlerAttribute}]`));
        window.addEventListener('submit', this.#posted);
        document.addEventListener('formdata', this.#nameTab);
        window.addEventListener('pagehide', this.#hidden);
        window.addEventListener('pageshow', this.#shown);
        if (this.#script.dataset.tabState !== undefined && navigationKind() === 'reload')
            this.#veil.cover(this.#start);
        this.#connection.start();
        this.#undecided.set(Time.Undecided, () => this.#turnToForms());
    }

    stop(): void {
        this.#connection.stop();
        this.#lost(0);
        this.#leaving.clear();
        this.#returning.clear();
        this.#undecided.clear();
        this.#veil.lift();
        window.removeEventListener('submit', this.#posted);
        document.removeEventListener('formdata', this.#nameTab);
        window.removeEventListener('pagehide', this.#hidden);
        window.removeEventListener('pageshow', this.#shown);
        this.#events.stop();
        this.#fields.stop();
        this.#status.stop();
        this.#identity.release();
    }

    // ---- Joining: the same steps at the first join, after a lost socket and after a repair ----

    async #prepare(): Promise<boolean> {
        await this.#identity.claim();
        if (Number(this.#identity.recall(FormsKey)) > this.#browser.clock.now())
            this.#turnToForms();
        if (!this.#ticket.isRefused)
            return true;
        const result = await this.#ticket.renew();
        if (result === 'none')
            this.#reload();
        return result === 'renewed';
    }

    #join(): void {
        this.#connectionError = '';
        const instance = this.#joined?.instance;
        this.#connection.send([Send.Join, {
            v: ProtocolVersion,
            ticket: this.#ticket.value,
            tab: this.#identity.tab,
            doc: this.#identity.document,
            nav: instance === undefined ? navigationKind() : 'rejoin',
            ...instance === undefined ? {} : { instance },
            next: this.#outbox.next,
            seq: this.#acknowledgement.sequence,
            digest: this.#digest(),
            tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
        }]);
    }

    #becomeLive(joined: Joined): void {
        const isFirst = !this.#joined;
        if (isFirst) {
            this.#alter(() => takeBack(this.#start));
            this.#undecided.clear();
            this.#identity.remember(FormsKey, '');
        }
        const changed = joined.html !== undefined && this.#alter(() => adopt(this.#start, joined.html!, this.#fields));
        this.#setHead(joined.head);
        this.#components.reset(this.#start);
        this.#events.hear(elementsIn(this.#start, `[${HandlerAttribute}]`));
        this.#joined = joined;
        this.#isLive = true;
        this.#acknowledgement.sequence = joined.seq;
        this.#acknowledgement.told();
        this.#veil.lift();
        this.#connection.joined();
        this.#connection.send([Send.Fields, this.#fields.list(this.#start, ref => this.#outbox.isSettled(ref))]);
        this.#outbox.open(joined.next, joined.start, this.#announcedEnd);
        this.#announcedEnd = false;
        this.#status.joined();
        dispatch('joined', joined);
        if (changed && (isFirst || joined.found === 'recovered'))
            dispatch('repaired', joined);
    }

    #digest(): string {
        // What we added ourselves is not what the document shows.
        this.#barrier.lift();
        const digest = digestOf(this.#start);
        this.#bar();
        return digest;
    }

    // ---- What the user does ----

    get postsForms(): boolean {
        return this.#leavesForms && !this.#joined && navigator.onLine;
    }

    happened(event: Event, address: string, reads: boolean): void {
        const payload = payloadOf(event, reads);
        const source = conflates(event) ? event.target! : undefined;
        const ref = this.#outbox.add(address, payload, source, this.#acknowledgement.sequence, this.#joined ? undefined : postOf(event, address));
        if (ref && (event.type === 'input' || event.type === 'change'))
            this.#fields.carried(event.target!, ref, payload as Value);
    }

    #send({ ref, sequence, address, payload }: QueuedEvent): void {
        const frame: unknown[] = [Send.Event, ref, sequence, address];
        if (payload !== undefined)
            frame.push(payload);
        if (sequence === this.#acknowledgement.sequence)
            this.#acknowledgement.told();
        this.#connection.send(frame);
    }

    #waitingChanged(): void {
        this.#status.waiting(this.#outbox.oldest);
        this.#bar();
        if (this.#outbox.isEmpty) {
            this.#barrier.lift();
            if (this.#target !== undefined)
                this.#leave();
        }
    }

    #bar(): void {
        if (this.#outbox.isFull)
            this.#barrier.set(this.#start);
    }

    // ---- What the server says ----

    #receive(frame: Frame): void {
        const [kind, first, second, third, fourth] = frame as [string, never, never, never, never];
        switch (kind) {
            case Receive.Joined: return this.#becomeLive(first);
            case Receive.Patch: return this.#applyPatch(first, second, third, fourth);
            case Receive.Ack: return this.#outbox.ack(first);
            case Receive.Error: return this.#fail(first, second, third);
            case Receive.Wait: return this.#outbox.wait(first, second);
            case Receive.Ticket: this.#ticket.value = first; return;
            case Receive.Head: return this.#setHead(first);
            case Receive.Navigate: return this.#navigate(first);
            case Receive.GoAway: return this.#goAway(first, second);
        }
    }

    #applyPatch(sequence: number, components: ComponentEdits[], handled: number | undefined, acked: number | undefined): void {
        if (sequence !== this.#acknowledgement.sequence + 1)
            throw new Mismatch(`Patch ${sequence} does not follow ${this.#acknowledgement.sequence}.`);
        this.#fields.handled = Math.max(this.#fields.handled, handled ?? 0);
        this.#alter(() => this.#patch.apply(components));
        this.#acknowledgement.applied(sequence);
        if (acked)
            this.#outbox.ack(acked);
    }

    /** The title and what else the page has in the document's head, where its shell has an outlet for it. */
    #setHead(html: string | undefined): void {
        const start = findStart(Marker.Head);
        if (start && html !== undefined)
            adopt(start, html, this.#fields);
    }

    /** All changes of the document pass here. */
    #alter<T>(work: () => T): T {
        this.#barrier.lift();
        this.#events.quiet = true;
        try {
            return keepFocus(work);
        } finally {
            this.#events.quiet = false;
            this.#bar();
        }
    }

    #fail(code: string, ref: number, message: string): void {
        if (ref) {
            this.#showError(code, ref, message);
            this.#outbox.settle(ref);
        } else {
            this.#connectionError = code;
            dispatch('error', { code, ref, message });
        }
    }

    #showError(code: string, ref: number, message: string): void {
        this.#status.failed();
        dispatch('error', { code, ref, message });
    }

    #goAway(reason: string, milliseconds: number): void {
        this.#announcedEnd = true;
        // The state here is of a newer build than that server's: the close that follows leads to the next attempt, with back-off, perhaps at another.
        if (reason !== 'newer')
            this.#connection.reconnectWithin(milliseconds);
    }

    #navigate(url: string): void {
        const target = new URL(url, location.href);
        if (!/^https?:$/.test(target.protocol))
            return;
        this.#target = target.href;
        if (this.#outbox.isEmpty)
            this.#leave();
        else
            this.#leaving.set(Time.Navigate, () => this.#leave());
    }

    #leave(): void {
        const target = this.#target!;
        this.#target = undefined;
        this.#leaving.clear();
        this.#browser.load(target);
    }

    // ---- Without a socket ----

    /** No socket could be had: what waits is posted, and what comes is left to the browser, until there is one. */
    #turnToForms(): void {
        if (this.#joined)
            return;
        this.#undecided.set(Time.Undecided, () => this.#turnToForms());
        if (!navigator.onLine)
            return;
        this.#identity.remember(FormsKey, String(this.#browser.clock.now() + Time.Forms));
        if (this.#outbox.posts.length) {
            void this.#postWaiting();
        } else {
            this.#outbox.drop();
            this.#leavesForms = true;
            this.#status.posts();
        }
    }

    /** Posts one after another; the last as the browser does, which shows its answer. */
    async #postWaiting(): Promise<void> {
        this.#isPosting = true;
        this.#connection.stop();
        this.#undecided.clear();
        for (;;) {
            const [{ ref, post }, ...others] = this.#outbox.posts as [QueuedEvent, ...QueuedEvent[]];
            post!.set(TabKey, this.#identity.tab);
            post!.set(RefKey, String(ref));
            if (!others.length) {
                this.#status.leave();
                this.#barrier.set(this.#start);
                return this.#browser.submit(post!);
            }
            const answer = await this.#browser.fetch(location.href, { method: 'POST', body: post!, redirect: 'manual' }).catch(() => undefined);
            // It may have been applied: the same bytes count once.
            if (!answer || answer.status === 503)
                return this.#undecided.set(Time.Undecided, () => void this.#postWaiting());
            this.#outbox.ack(ref);
        }
    }

    // ---- Losing the connection, and leaving ----

    /** Answers whether the connection should be made again. */
    #lost(code: number): boolean {
        this.#isLive = false;
        this.#outbox.close();
        this.#acknowledgement.told();
        this.#status.lost();
        if (code === Close.GoingAway)
            this.#announcedEnd = true;
        // The close code may be lost on its way, so the error before it counts as well.
        const error = code === 0 ? '' : this.#connectionError;
        if (code === Close.Ticket || error === 'ticket')
            this.#ticket.refuse();
        if (code !== Close.Forbidden && code !== Close.Version && error !== 'forbidden' && error !== 'version')
            return true;
        this.#reload();
        return false;
    }

    /** A page that was reloaded just now and is refused again waits, so that it cannot hammer. */
    #reload(): void {
        const isLoop = navigationKind() === 'reload' && this.#browser.clock.now() - this.#startedAt < Time.BackOffCap;
        const wait = isLoop ? (0.5 + this.#browser.clock.random() / 2) * Time.BackOffCap : 0;
        this.#leaving.set(wait, () => {
            this.#status.leave();
            this.#browser.reload();
        });
    }

    readonly #hidden = ({ persisted }: PageTransitionEvent): void => {
        if (!persisted && this.#isLive)
            this.#connection.send([Send.Leave]);
        this.#returning.clear();
        this.#connection.stop();
        this.#lost(0);
        this.#identity.release();
    };

    readonly #shown = ({ persisted }: PageTransitionEvent): void => {
        if (persisted && this.#isPosting)
            this.#browser.reload();
        else if (persisted)
            this.#returning.set(Time.Return, () => this.#connection.start());
    };

    /** A form that the browser posts carries what the user typed, so nothing is lost by leaving. Heard on the window, after all handlers. */
    readonly #posted = (event: Event): void => {
        // What is in no form submits nothing where it is live, and may be.
        if ((event.target as Element).id === PostForm && !this.postsForms)
            event.preventDefault();
        else if (!event.defaultPrevented)
            this.#status.leave();
    };

    /** A POST finds the state of this tab. */
    readonly #nameTab = (event: FormDataEvent): void => {
        if ((event.target as HTMLFormElement).method === 'post' && this.#identity.tab)
            event.formData.set(TabKey, this.#identity.tab);
    };
}

function dispatch(name: string, detail: unknown): void {
    document.dispatchEvent(new CustomEvent('holdfast:' + name, { detail, bubbles: true }));
}
