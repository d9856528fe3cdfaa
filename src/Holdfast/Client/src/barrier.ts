import { rootsOf } from './tree';

/** Makes the page take no input while too much of it waits. */
export class Barrier {
    readonly #barred = new Set<Element>();

    set(page: Comment): void {
        for (const element of rootsOf(page)) {
            if (!element.hasAttribute('inert')) {
                element.setAttribute('inert', '');
                this.#barred.add(element);
            }
        }
    }

    /** Leaves the document as the server knows it. */
    lift(): void {
        for (const element of this.#barred)
            element.removeAttribute('inert');
        this.#barred.clear();
    }
}
