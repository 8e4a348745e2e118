/** The scans that replace labels. Lengths are not checked: `out` has that of the labels. */
import { KernelError } from "../errors.ts";
import { PairIndex } from "../hash/pair-index.ts";
import { words } from "../words.ts";

/** `out[i] = table[labels[i]]`. Labels are looked at here only, so one behind the table is refused here: E_KERNEL_ARGUMENT. */
export function gather(labels: Uint32Array, table: BigUint64Array, out: BigUint64Array): void {
  const from = words(table);
  const to = words(out);
  let last = -1;
  let low = 0;
  let high = 0;
  for (let i = 0, o = 0; i < labels.length; i++, o += 2) {
    const label = labels[i]!;
    if (label !== last) {
      if (label >= table.length) {
        throw new KernelError(
          "E_KERNEL_ARGUMENT",
          `applyTable: expected labels below ${table.length}, found ${label} at voxel ${i}`,
        );
      }
      low = from[2 * label]!;
      high = from[2 * label + 1]!;
      last = label;
    }
    to[o] = low;
    to[o + 1] = high;
  }
}

/** Replaces from[k] (distinct) by to[k]; `out` may be `labels`. */
export function replace(labels: BigUint64Array, from: BigUint64Array, to: BigUint64Array, out: BigUint64Array): void {
  const index = new PairIndex();
  const old = words(from);
  for (let k = 0; k < old.length; k += 2) index.add(old[k]!, old[k + 1]!);

  const input = words(labels);
  const output = words(out);
  const replacement = words(to);
  const zero = index.find(0, 0);
  let lastLow = 0;
  let lastHigh = 0;
  let low = zero < 0 ? 0 : replacement[2 * zero]!;
  let high = zero < 0 ? 0 : replacement[2 * zero + 1]!;
  for (let i = 0; i < input.length; ) {
    // four voxels with the last label at once
    while (
      i + 8 <= input.length &&
      ((input[i]! ^ lastLow) | (input[i + 1]! ^ lastHigh) | (input[i + 2]! ^ lastLow) | (input[i + 3]! ^ lastHigh)) === 0 &&
      ((input[i + 4]! ^ lastLow) | (input[i + 5]! ^ lastHigh) | (input[i + 6]! ^ lastLow) | (input[i + 7]! ^ lastHigh)) === 0
    ) {
      output[i] = low;
      output[i + 1] = high;
      output[i + 2] = low;
      output[i + 3] = high;
      output[i + 4] = low;
      output[i + 5] = high;
      output[i + 6] = low;
      output[i + 7] = high;
      i += 8;
    }
    if (i === input.length) break;
    const l = input[i]!;
    const h = input[i + 1]!;
    if (l !== lastLow || h !== lastHigh) {
      lastLow = l;
      lastHigh = h;
      const k = index.find(l, h);
      low = k < 0 ? l : replacement[2 * k]!;
      high = k < 0 ? h : replacement[2 * k + 1]!;
    }
    output[i] = low;
    output[i + 1] = high;
    i += 2;
  }
}
