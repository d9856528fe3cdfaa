import { describe, expect, it } from 'vitest';
import { payloadOf } from '../src/payloads';

const happening = (name: string, properties: object) => {
    const event = new Event(name, { bubbles: true });
    for (const [key, value] of Object.entries(properties))
        Object.defineProperty(event, key, { value, enumerable: false });
    return event;
};

describe('payloadOf', () => {
    it('sends what the server reads of each kind, and nothing that is 0, false or empty', () => {
        const mouse = { clientX: 3, clientY: 0, button: 2, ctrlKey: true, shiftKey: false, relatedTarget: {} };
        const told = { clientX: 3, button: 2, ctrlKey: true };
        for (const name of ['click', 'dblclick', 'contextmenu', 'mousedown', 'mouseleave'])
            expect(payloadOf(happening(name, mouse), true)).toEqual(told);
        expect(payloadOf(happening('wheel', { ...mouse, deltaY: -4.5 }), true)).toEqual({ ...told, deltaY: -4.5 });
        for (const name of ['pointerdown', 'pointerenter', 'gotpointercapture', 'lostpointercapture'])
            expect(payloadOf(happening(name, { ...mouse, pointerId: 9, pointerType: 'pen' }), true)).toEqual({ ...told, pointerId: 9, pointerType: 'pen' });
        expect(payloadOf(happening('keydown', { key: 'a', code: 'KeyA', repeat: true, charCode: 5 }), true)).toEqual({ key: 'a', code: 'KeyA', repeat: true });
        expect(payloadOf(happening('progress', { lengthComputable: true, loaded: 5, total: 9 }), true)).toEqual({ lengthComputable: true, loaded: 5, total: 9 });
        expect(payloadOf(happening('error', { message: 'm', lineno: 4 }), true)).toEqual({ message: 'm', lineno: 4 });
    });

    it('copies touches', () => {
        const touch = { identifier: 1, clientX: 2, pageY: 3, target: {} };
        const event = happening('touchstart', { touches: { length: 1, 0: touch }, targetTouches: { length: 0 }, altKey: true });
        expect(payloadOf(event, true)).toEqual({ touches: [{ identifier: 1, clientX: 2, pageY: 3 }], targetTouches: [], altKey: true });
    });

    it('copies what is dragged, without its contents', () => {
        const dataTransfer = { dropEffect: 'copy', effectAllowed: 'all', types: ['text/plain'], files: { length: 1, 0: { name: 'a.txt', size: 5 } }, items: { length: 1, 0: { kind: 'file', type: 'text/plain' } } };
        for (const name of ['drag', 'dragstart', 'dragover', 'drop']) {
            expect(payloadOf(happening(name, { dataTransfer }), true)).toEqual({
                dataTransfer: { dropEffect: 'copy', effectAllowed: 'all', types: ['text/plain'], files: ['a.txt'], items: [{ kind: 'file', type: 'text/plain' }] },
            });
        }
    });

    it('sends the detail of an event that scripts made, as it is at that time', () => {
        const detail = { words: ['a'] };
        const payload = payloadOf(new CustomEvent('custompaste', { detail }), true);
        detail.words.push('b');
        expect(payload).toEqual({ type: 'custompaste', words: ['a'] });
        expect(payloadOf(new CustomEvent('custompaste', { detail: 5 }), true)).toEqual({ type: 'custompaste', detail: 5 });
        expect(payloadOf(new CustomEvent('custompaste'), true)).toEqual({ type: 'custompaste' });
        expect(payloadOf(Object.assign(new Event('custompaste'), { own: 'x' }), true)).toEqual({ type: 'custompaste', own: 'x' });
    });

    it('refuses a detail that the server would close the connection for', () => {
        const circle: Record<string, unknown> = {};
        circle['self'] = circle;
        let deep: object = {};
        for (let i = 0; i < 14; i++)
            deep = { deep };
        for (const detail of [circle, deep, { text: 'x'.repeat(20_000) }])
            expect(() => payloadOf(new CustomEvent('custompaste', { detail }), true)).toThrow();
    });

    it('sends nothing where the handler reads nothing', () => {
        expect(payloadOf(new CustomEvent('custompaste', { detail: 5 }), false)).toBeUndefined();
    });
});
