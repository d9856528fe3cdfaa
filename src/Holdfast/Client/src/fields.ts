import { type Control, type Value, caretOf, isCheckable, isControl, isFile, isTouched, resetToGiven, restoreValue, valueOf } from './controls';
import { HandlerAttribute } from './constants';
import { findHandler } from './handlers';
import { elementsIn } from './tree';

/** `[address, value, settled]` */
export type Field = [address: string, value: Value, settled: 0 | 1];

interface Touch {
    /** The event that carried what the user did last, `Infinity` while none has. */
    ref: number;
    /** What it carried, as JSON. */
    value?: string;
}

/**
 * Owns what the user did to the controls: which are touched, by which event that was told, and which writes of the
 * server wait for the user. Never takes typed text away.
 */
export class Fields {
    readonly #touches = new WeakMap<Element, Touch>();
    readonly #waiting = new Map<Control, { touch: Touch | undefined; live: string }>();
    #composing: EventTarget | null = null;
    /** The last event whose effects the page shows. */
    handled = 0;

    start(): void {
        this.#listen('addEventListener');
    }

    stop(): void {
        this.#listen('removeEventListener');
        this.#waiting.clear();
    }

    /** The event `ref` carries this value. */
    carried(control: EventTarget, ref: number, value: Value): void {
        if (!isControl(control))
            return;
        for (const one of groupOf(control))
            this.#touches.set(one, { ref, value: JSON.stringify(value) });
    }

    /** The list for the `fields` frame. */
    list(page: Comment, isSettled: (ref: number) => boolean): Field[] {
        const fields: Field[] = [];
        for (const control of elementsIn(page, `[${HandlerAttribute}]`)) {
            if (!isControl(control) || isFile(control) || !isTouched(control))
                continue;
            // The other buttons of a radio group are touched as well, but only one has the value.
            if (isCheckable(control) && control.type === 'radio' && !control.checked)
                continue;
            const address = findHandler(control, 'input')?.address || findHandler(control, 'change')?.address;
            if (!address)
                continue;
            const value = valueOf(control);
            const touch = this.#touches.get(control);
            const settled = touch?.value === JSON.stringify(value) && isSettled(touch.ref);
            fields.push([address, value, settled ? 1 : 0]);
        }
        return fields;
    }

    /** Whether the user did something to this control that no event has carried. */
    isUntold(control: Element | null): boolean {
        const touch = control && this.#touches.get(control);
        return touch ? touch.ref === Infinity : isControl(control) && isTouched(control);
    }

    /** Whether the user is in the middle of something here: composing, or what no event has carried. */
    isBusy(control: Element | null): boolean {
        return (control !== null && control === this.#composing) || this.isUntold(control);
    }

    /** Called before a patch alters what the server gives a control; the answer shows it: now, later, or not at all. */
    writing(control: Control): () => void {
        const touch = this.#touches.get(control);
        const untold = this.isUntold(control);
        this.#pin(control);
        return () => {
            this.#waiting.delete(control);
            if (isFile(control) || (touch && !untold && touch.ref > this.handled))
                return; // the user's own event is under way, and decides
            if (control === this.#composing || (untold && control === document.activeElement))
                this.#waiting.set(control, { touch, live: JSON.stringify(valueOf(control)) });
            else
                this.#write(control);
        };
    }

    /** For adoption: answers what to call when the control's attributes and content have been put in place. */
    hold(control: Control): () => void {
        if (!isFile(control) && control !== this.#composing && !isTouched(control))
            return () => resetToGiven(control);
        const value = valueOf(control);
        const checked = (control as HTMLInputElement).checked;
        const caret = control === document.activeElement ? caretOf(control) : undefined;
        this.#pin(control);
        return () => {
            restoreValue(control, value, checked);
            caret?.();
        };
    }

    #listen(action: 'addEventListener' | 'removeEventListener'): void {
        for (const name of ['input', 'change'])
            document[action](name, this.#changed, true);
        document[action]('compositionstart', this.#composes, true);
        document[action]('compositionend', this.#composed, true);
        document[action]('blur', this.#left, true);
    }

    // Runs before the event is queued, which then tells its ref by `carried`.
    readonly #changed = ({ target }: Event): void => {
        if (!isControl(target))
            return;
        const touch = this.#touches.get(target);
        // The change that a browser reports when a control is left adds nothing to what is untold already.
        if (touch?.ref !== Infinity && touch?.value !== JSON.stringify(valueOf(target)))
            this.#touches.set(target, { ref: Infinity });
    };

    readonly #composes = ({ target }: Event): void => {
        this.#composing = target;
    };

    readonly #composed = ({ target }: Event): void => {
        this.#composing = null;
        this.#release(target);
    };

    readonly #left = ({ target }: Event): void => {
        this.#composing = null;
        this.#release(target);
    };

    #release(target: EventTarget | null): void {
        const waiting = isControl(target) ? this.#waiting.get(target) : undefined;
        if (!waiting)
            return;
        const control = target as Control;
        this.#waiting.delete(control);
        if (this.#touches.get(control) === waiting.touch && waiting.live === JSON.stringify(valueOf(control)))
            this.#write(control);
    }

    /** Keeps the value of a composing control, and what a radio button shows, from following the attribute, as it does until the user or a script writes it. */
    #pin(control: Control): void {
        if (control === this.#composing)
            control.value = control.value;
        if (control.type === 'radio' && this.#touches.has(control))
            (control as HTMLInputElement).checked = (control as HTMLInputElement).checked;
    }

    #write(control: Control): void {
        this.#touches.delete(control);
        resetToGiven(control);
    }
}

/** To check one radio button is to do something to all of its group. */
const groupOf = (control: Control): Iterable<Control> => control.type === 'radio' && control.name
    ? [...document.querySelectorAll<HTMLInputElement>('input[type=radio]')].filter(one => one.name === control.name && one.form === control.form)
    : [control];
