import { Time } from './constants';
import { rootsOf } from './tree';

/**
 * Hides the page until it shows what is restored, so that defaults do not flash after a reload. An animation needs no
 * style attribute, ends by itself, and leaves the document as it was.
 */
export class Veil {
    #animations: Animation[] = [];

    cover(page: Comment): void {
        this.#animations = rootsOf(page).map(element => element.animate({ visibility: ['hidden', 'hidden'] }, Time.Veil));
    }

    lift(): void {
        for (const animation of this.#animations.splice(0))
            animation.cancel();
    }
}
