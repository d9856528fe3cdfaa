import { setSourceDocument } from './html';
import { setStyle } from './styles';

/** A form control that has a value of its own beside the one that its HTML gives. */
export type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** What a change event carries. */
export type Value = string | boolean | string[];

export const isControl = (node: unknown): node is Control =>
    node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement || node instanceof HTMLSelectElement;

const isInput = (node: unknown): node is HTMLInputElement => node instanceof HTMLInputElement;
const isSelect = (node: unknown): node is HTMLSelectElement => node instanceof HTMLSelectElement;
export const isFile = (control: unknown): boolean => isInput(control) && control.type === 'file';
export const isCheckable = (control: unknown): control is HTMLInputElement =>
    isInput(control) && /^(checkbox|radio)$/.test(control.type);

export function valueOf(target: unknown): Value {
    if (isCheckable(target) && target.type === 'checkbox')
        return target.checked;
    if (isSelect(target) && target.multiple)
        return Array.from(target.selectedOptions, option => option.value);
    const value = (target as { value?: unknown }).value;
    if (typeof value !== 'string')
        return '';
    // Browsers leave seconds out where they are 0, and the server's formats have them.
    return isInput(target) && /time/.test(target.type) ? value.replace(/(^|T)\d\d:\d\d$/, '$&:00') : value;
}

/** Whether the live value is not the one that the server last gave. */
export function isTouched(control: Control): boolean {
    if (isCheckable(control))
        return control.checked !== control.defaultChecked;
    if (isSelect(control)) {
        const given = givenOptions(control);
        return Array.from(control.options).some(option => option.selected !== given.has(option));
    }
    return control.value !== control.defaultValue && control.value !== sanitised(control);
}

/** Shows the value that the server gave. */
export function resetToGiven(control: Control): void {
    if (isCheckable(control)) {
        if (control.checked !== control.defaultChecked)
            control.checked = control.defaultChecked;
    } else if (isSelect(control)) {
        const given = givenOptions(control);
        for (const option of control.options) {
            if (option.selected !== given.has(option))
                option.selected = given.has(option);
        }
    } else if (!isFile(control) && isTouched(control)) {
        writeText(control, control.defaultValue);
    }
}

/** Puts back a value that was read before other work on the control. */
export function restoreValue(control: Control, value: Value, checked: boolean): void {
    if (isCheckable(control)) {
        if (control.checked !== checked)
            control.checked = checked;
    } else if (isSelect(control)) {
        const values = new Set(([] as unknown[]).concat(value));
        if (Array.from(control.options).some(option => values.has(option.value))) {
            for (const option of control.options)
                option.selected = values.has(option.value);
        }
    } else if (!isFile(control) && control.value !== value) {
        writeText(control, value as string);
    }
}

/** A select's value stands in its options; the same as the HTML that the server would write. */
export function selectGiven(select: HTMLSelectElement, value: unknown): void {
    const list = select.multiple && typeof value === 'string' && value.startsWith('[') ? JSON.parse(value) as unknown : value;
    const values = new Set(([] as unknown[]).concat(list ?? []).map(String));
    for (const option of select.options)
        option.toggleAttribute('selected', values.has(option.value));
}

export function setAttribute(element: Element, name: string, value: string): void {
    if (name === 'style')
        setStyle(element, value);
    else if (name === 'srcdoc')
        setSourceDocument(element, value);
    else if (name.startsWith('xlink:'))
        element.setAttributeNS('http://www.w3.org/1999/xlink', name, value);
    else
        element.setAttribute(name, value);
}

/** The options that HTML selects: without one, a drop-down list shows its first that is not disabled. */
function givenOptions(select: HTMLSelectElement): Set<HTMLOptionElement> {
    const options = Array.from(select.options);
    const given = options.filter(option => option.defaultSelected);
    if (select.multiple)
        return new Set(given);
    const one = given.at(-1) ?? (select.size > 1 ? undefined : options.find(option => !option.disabled));
    return new Set(one ? [one] : []);
}

/** The given value as this kind of control shows it: a colour in lower case, a range at its middle, one kind of newline. */
function sanitised(control: HTMLInputElement | HTMLTextAreaElement): string {
    if (!isInput(control))
        return control.defaultValue.replace(/\r\n?/g, '\n');
    const fresh = document.createElement('input');
    for (const name of ['type', 'min', 'max', 'step', 'multiple', 'value']) {
        const value = control.getAttribute(name);
        if (value !== null)
            fresh.setAttribute(name, value);
    }
    return fresh.value;
}

function writeText(control: HTMLInputElement | HTMLTextAreaElement, text: string): void {
    const caret = control === document.activeElement ? caretOf(control) : undefined;
    control.value = text;
    caret?.();
}

/** Remembers the selection in a text control; the answer puts it back. */
export function caretOf(element: Element): (() => void) | undefined {
    const control = element as HTMLInputElement;
    // Controls without a caret answer null or throw.
    try {
        const { selectionStart: start, selectionEnd: end, selectionDirection: direction } = control;
        if (start === null || start === undefined)
            return undefined;
        return () => {
            if (control.selectionStart !== start || control.selectionEnd !== end)
                control.setSelectionRange(start, end, direction ?? undefined);
        };
    } catch {
        return undefined;
    }
}
