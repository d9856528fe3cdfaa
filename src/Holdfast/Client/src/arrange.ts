import type { Range } from './tree';
import { siblings } from './tree';

/**
 * Puts ranges in this order before `end`, moving as few as possible: what is not moved keeps its focus, scroll, frames
 * and animations in every browser. `before[i]` is the place that range `i` has among the others now, −1 if it is new.
 */
export function arrange(ranges: readonly Range[], before: readonly number[], parent: Node, end: ChildNode | null): void {
    const staying = longestRise(before);
    for (let i = ranges.length - 1, ref = end; i >= 0; i--) {
        const range = ranges[i]!;
        if (!staying.has(i))
            moveRange(range, ref?.parentNode ?? parent, ref);
        ref = range.first;
    }
}

function moveRange({ first, last }: Range, parent: Node, ref: ChildNode | null): void {
    // moveBefore keeps state that insertBefore resets; it takes only what is in the document already.
    const mover = parent as Node & { moveBefore?: (node: Node, ref: Node | null) => void };
    const moves = mover.moveBefore && first.isConnected && parent.isConnected;
    for (const node of siblings(first, last)) {
        if (moves)
            mover.moveBefore!(node, ref);
        else
            parent.insertBefore(node, ref);
    }
}

/** The indices of a longest rising subsequence (by patience sorting), leaving out negative values. */
function longestRise(values: readonly number[]): Set<number> {
    const tails: number[] = [];
    const previous: number[] = [];
    values.forEach((value, i) => {
        if (value < 0)
            return;
        let low = 0;
        for (let high = tails.length; low < high;) {
            const middle = (low + high) >> 1;
            if (values[tails[middle]!]! < value)
                low = middle + 1;
            else
                high = middle;
        }
        previous[i] = low > 0 ? tails[low - 1]! : -1;
        tails[low] = i;
    });
    const rise = new Set<number>();
    for (let i = tails.at(-1) ?? -1; i >= 0; i = previous[i]!)
        rise.add(i);
    return rise;
}
