/**
 * Style attributes are set through CSSOM, which every CSP allows and which rewrites their text. What the server gave is
 * remembered beside it, so that the digest and adoption still see the server's words.
 */
const given = new WeakMap<Element, { text: string; shown: string | null }>();

export function setStyle(element: Element, text: string): void {
    const style = (element as HTMLElement | SVGElement).style;
    if (style)
        style.cssText = text;
    else
        element.setAttribute('style', text);
    given.set(element, { text, shown: element.getAttribute('style') });
}

/** The attribute's value as the server gave it; what others have altered since stands as it is. */
export function givenValue(element: Element, name: string): string | null {
    const value = element.getAttribute(name);
    const memory = name === 'style' ? given.get(element) : undefined;
    return memory && memory.shown === value ? memory.text : value;
}
