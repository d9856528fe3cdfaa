import { Alarm, type Clock } from './clock';
import { Close, Send, Time } from './constants';

export type Frame = readonly unknown[];

/** What a connection needs of the browser. */
export interface Network {
    openSocket(url: string): WebSocket;
    fetch(url: string, init: RequestInit): Promise<Response>;
}

export interface ConnectionListener {
    /** Called before each attempt; a false answer counts as a failed one. */
    prepare(): Promise<boolean>;
    opened(): void;
    /** Throws where the frame does not fit; the connection then joins again. */
    received(frame: Frame): void;
    /** HTTP answers where no socket can be had. */
    refused(): void;
    /** The socket is gone; code 0: we closed it. Answers whether to connect again by itself. */
    closed(code: number): boolean;
}

/**
 * Owns the socket: opens it, keeps it alive, and opens the next one. Errors are not looked at beyond that; whatever goes
 * wrong ends in another attempt, later each time.
 */
export class Connection {
    readonly #url: URL;
    readonly #network: Network;
    readonly #clock: Clock;
    readonly #listener: ConnectionListener;
    readonly #ping: Alarm;
    readonly #dead: Alarm;
    readonly #stable: Alarm;
    readonly #retry: Alarm;
    #socket: WebSocket | undefined;
    #isStarted = false;
    #isAway = false;
    #isConnecting = false;
    /** Counts attempts, so that what an old one still answers is not taken for the new one's. */
    #attempt = 0;
    #failures = 0;
    #lastSent = 0;
    /** The server asked not to be tried before. */
    #notBefore = 0;

    constructor(url: URL, network: Network, clock: Clock, listener: ConnectionListener) {
        this.#url = url;
        this.#network = network;
        this.#clock = clock;
        this.#listener = listener;
        this.#ping = new Alarm(clock);
        this.#dead = new Alarm(clock);
        this.#stable = new Alarm(clock);
        this.#retry = new Alarm(clock);
    }

    start(): void {
        this.#isStarted = true;
        window.addEventListener('online', this.#hurry);
        document.addEventListener('visibilitychange', this.#shown);
        for (const name of useOfPage)
            document.addEventListener(name, this.#used, true);
        void this.#connect();
    }

    stop(): void {
        this.#isStarted = false;
        window.removeEventListener('online', this.#hurry);
        document.removeEventListener('visibilitychange', this.#shown);
        for (const name of useOfPage)
            document.removeEventListener(name, this.#used, true);
        this.#retry.clear();
        this.#drop();
    }

    send(frame: Frame): void {
        if (this.#socket?.readyState !== 1)
            return;
        this.#socket.send(JSON.stringify(frame));
        this.#lastSent = this.#clock.now();
        this.#armPing();
    }

    /** The join was answered; when this holds, the failures before are forgotten. */
    joined(): void {
        this.#stable.set(Time.Stable, () => this.#failures = 0);
    }

    /** Joins again, with back-off. */
    reconnect(): void {
        this.#drop();
        this.#listener.closed(0);
        this.#retryLater();
    }

    /** The server closes soon. */
    reconnectWithin(milliseconds: number): void {
        this.#retry.set(this.#clock.random() * milliseconds, () => {
            this.#drop();
            this.#listener.closed(0);
            void this.#connect();
        });
    }

    async #connect(): Promise<void> {
        if (!this.#isStarted || this.#isConnecting || this.#socket)
            return;
        this.#retry.clear();
        this.#isAway = false;
        this.#isConnecting = true;
        const attempt = ++this.#attempt;
        const isReady = await this.#listener.prepare().catch(() => false);
        this.#isConnecting = false;
        if (attempt !== this.#attempt || !this.#isStarted)
            return;
        if (isReady)
            this.#open();
        else
            this.#retryLater();
    }

    #open(): void {
        const socket = this.#socket = this.#network.openSocket(this.#url.href.replace(/^http/, 'ws'));
        let wasOpen = false;
        socket.onopen = () => {
            wasOpen = true;
            this.#listener.opened();
        };
        socket.onmessage = ({ data }) => {
            this.#heard();
            try {
                this.#listener.received(JSON.parse(data as string) as Frame);
            } catch {
                // Others altered the document, or the frame is not what it should be: the next join puts the page right.
                this.reconnect();
            }
        };
        socket.onclose = ({ code }) => {
            this.#drop();
            const again = this.#listener.closed(code);
            if (code === Close.TakenOver || !again)
                this.#isAway = code === Close.TakenOver;
            else if (wasOpen)
                this.#retryLater();
            else
                void this.#askWhy();
        };
        this.#heard();
    }

    /** A script cannot read the status of a refused upgrade, but it can ask for it. */
    async #askWhy(): Promise<void> {
        const attempt = this.#attempt;
        // Where nothing answers, the back-off alone says when.
        const response = await this.#network.fetch(this.#url.href, { cache: 'no-store', credentials: 'same-origin' }).catch(() => undefined);
        if (attempt !== this.#attempt || this.#socket || this.#isConnecting)
            return;
        const wait = response?.status === 503 ? (Number(response.headers.get('Retry-After')) || 0) * 1000 : 0;
        this.#notBefore = this.#clock.now() + wait;
        this.#retryLater(wait);
        if (response)
            this.#listener.refused();
    }

    /** Full jitter: clients that lost their server together do not come back together. Source: AWS, "Exponential Backoff And Jitter". */
    #retryLater(least = 0): void {
        if (!this.#isStarted || this.#retry.isSet)
            return;
        const most = Math.min(Time.BackOffCap, Time.BackOffBase * 2 ** this.#failures);
        this.#failures++;
        this.#retry.set(least + this.#clock.random() * most, () => void this.#connect());
    }

    /** Ends the socket without hearing of it. */
    #drop(): void {
        this.#attempt++;
        this.#isConnecting = false;
        this.#ping.clear();
        this.#dead.clear();
        this.#stable.clear();
        const socket = this.#socket;
        this.#socket = undefined;
        if (!socket)
            return;
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
    }

    #heard(): void {
        this.#dead.set(Time.Dead, () => this.reconnect());
        // Set from here and not only from its own alarm: browsers slow down chains of timers in hidden pages.
        this.#armPing();
    }

    #armPing(): void {
        if (this.#socket?.readyState === 1)
            this.#ping.set(this.#lastSent + Time.Ping - this.#clock.now(), () => this.send([Send.Ping]));
    }

    /** Something changed for the better: does not wait for the back-off, and does not trust an open socket. */
    readonly #hurry = (): void => {
        if (this.#socket?.readyState === 1) {
            this.send([Send.Ping]);
            this.#dead.set(Time.Probe, () => this.reconnect());
        } else if (!this.#socket && (this.#isAway || (this.#retry.isSet && this.#clock.now() >= this.#notBefore))) {
            void this.#connect();
        }
    };

    readonly #shown = (): void => {
        if (!document.hidden)
            this.#hurry();
    };

    readonly #used = (): void => {
        if (this.#isAway)
            void this.#connect();
    };
}

/** Signs that the page which gave its instance away is used after all. */
const useOfPage = ['pointerdown', 'keydown'];
