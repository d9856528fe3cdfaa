import { caretOf } from './controls';

/** Runs work that may move or remove the focused element, and puts the focus back, or on the nearest ancestor that takes it. */
export function keepFocus<T>(work: () => T): T {
    const focused = document.activeElement;
    if (!(focused instanceof HTMLElement || focused instanceof SVGElement) || focused === document.body)
        return work();
    const caret = caretOf(focused);
    const path: Element[] = [];
    for (let element: Element | null = focused; element; element = element.parentElement)
        path.push(element);
    try {
        return work();
    } finally {
        for (const element of path) {
            if (document.activeElement && document.activeElement !== document.body)
                break;
            if (element.isConnected && element !== document.body)
                (element as HTMLElement).focus?.({ preventScroll: true });
        }
        if (document.activeElement === focused)
            caret?.();
    }
}
