import { setStyle } from './styles';

/** The only places that parse HTML, all through the Trusted Types policy `holdfast` where the browser has them. */

type Policy = { createHTML(html: string): string };

let policy: Policy | undefined;

function trusted(html: string): string {
    policy ??= createPolicy();
    return policy.createHTML(html);
}

function createPolicy(): Policy {
    const rules: Policy = { createHTML: html => html };
    try {
        const types = (window as { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } }).trustedTypes;
        return types?.createPolicy('holdfast', rules) ?? rules;
    } catch {
        // The page's CSP does not name the policy; where it also enforces Trusted Types, parsing says so itself.
        return rules;
    }
}

/**
 * Parses as if inside of `parent`. A `<template>` takes table parts without their table; what belongs to SVG or MathML
 * needs their root around it to get its namespace.
 */
export function parseFragment(html: string, parent: Node): DocumentFragment {
    const root = foreignRoot(parent);
    const template = document.createElement('template');
    template.innerHTML = trusted(root ? `<${root}>${html}</${root}>` : html);
    const fragment = template.content;
    if (root)
        fragment.replaceChildren(...fragment.firstChild!.childNodes);
    for (const element of fragment.querySelectorAll<HTMLElement>('[style]'))
        applyBlockedStyle(element);
    return fragment;
}

export function parseDocument(html: string): Document {
    return new DOMParser().parseFromString(trusted(html), 'text/html');
}

/** `srcdoc` is HTML as well, so Trusted Types guard it. */
export function setSourceDocument(frame: Element, html: string): void {
    frame.setAttribute('srcdoc', trusted(html));
}

function foreignRoot(parent: Node): string | undefined {
    if (!(parent instanceof Element) || parent.localName === 'foreignObject')
        return undefined;
    return parent.namespaceURI!.endsWith('/svg') ? 'svg' : parent.namespaceURI!.endsWith('/MathML') ? 'math' : undefined;
}

/** A CSP without `unsafe-inline` ignores style attributes, and lets scripts set the same through CSSOM. */
function applyBlockedStyle(element: HTMLElement): void {
    const given = element.getAttribute('style')!;
    if (given.trim() && element.style && !element.style.length)
        setStyle(element, given);
}
