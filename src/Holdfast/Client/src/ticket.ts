import type { Network } from './connection';
import { parseDocument } from './html';

/** Owns the ticket that the page joins with, and knows how to get another without a reload. */
export class Ticket {
    readonly #script: HTMLElement;
    readonly #network: Network;
    #isRefused = false;

    constructor(script: HTMLElement, network: Network) {
        this.#script = script;
        this.#network = network;
    }

    get value(): string {
        return this.#script.dataset.ticket!;
    }

    set value(ticket: string) {
        this.#script.dataset.ticket = ticket;
        this.#isRefused = false;
    }

    get isRefused(): boolean {
        return this.#isRefused;
    }

    refuse(): void {
        this.#isRefused = true;
    }

    /** Fetches the page again and takes its ticket. `none`: the page has none for this user any more, or leads elsewhere. */
    async renew(): Promise<'renewed' | 'none' | 'failed'> {
        const response = await this.#network.fetch(location.href, { cache: 'no-store', credentials: 'same-origin' });
        if (response.status >= 500 || response.status === 429)
            return 'failed';
        const ticket = parseDocument(await response.text()).getElementById(this.#script.id)?.dataset.ticket;
        if (!ticket || response.redirected)
            return 'none';
        this.value = ticket;
        return 'renewed';
    }
}
