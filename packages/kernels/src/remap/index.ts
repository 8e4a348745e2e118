/**
 * Distinct labels, dense numbering and relabelling.
 *
 * Idea: labels come in runs, so the last label and its answer are kept; only a change costs a hash access (`hash/pair-index.ts`).
 * uint64 labels are handled as two uint32 (low word first, little endian): a bigint per voxel would be 50 times slower.
 * All are O(voxels + runs), `uniqueLabels` also sorts the distinct labels.
 *
 *     const { labels, ids } = renumber(bodies);       // uint64 -> 1…n
 *     const bodiesAgain = applyTable(labels, ids);
 */
import { KernelError } from "../errors.ts";
import { PairIndex } from "../hash/pair-index.ts";
import { words } from "../words.ts";

/** The distinct labels, sorted; 0 counts as any other. */
export function uniqueLabels(labels: Uint32Array): Uint32Array;
export function uniqueLabels(labels: BigUint64Array): BigUint64Array;
export function uniqueLabels(labels: Uint32Array | BigUint64Array): Uint32Array | BigUint64Array {
  const index = new PairIndex();
  if (labels instanceof BigUint64Array) {
    const input = words(labels);
    for (let i = 0; i < input.length; ) {
      const low = input[i]!;
      const high = input[i + 1]!;
      index.add(low, high);
      do i += 2;
      while (i < input.length && input[i] === low && input[i + 1] === high);
    }
    return originals(index).sort();
  }
  for (let i = 0; i < labels.length; ) {
    const label = labels[i]!;
    index.add(label, 0);
    do i++;
    while (i < labels.length && labels[i] === label);
  }
  return index.a.slice(0, index.size).sort();
}

/** Labels numbered 1…n in the order of their first voxel; `ids[k]` is what k was. 0 stays 0. */
export interface Renumbered {
  labels: Uint32Array;
  ids: BigUint64Array;
}

/** Dense numbers for labels of any integer type, in scan order. */
export function renumber(labels: Uint8Array | Uint16Array | Uint32Array | BigUint64Array): Renumbered {
  const index = new PairIndex();
  index.add(0, 0);
  const out = new Uint32Array(labels.length);
  let number = 0;
  if (labels instanceof BigUint64Array) {
    const input = words(labels);
    let lastLow = 0;
    let lastHigh = 0;
    for (let i = 0, o = 0; i < input.length; i += 2, o++) {
      const low = input[i]!;
      const high = input[i + 1]!;
      if (low !== lastLow || high !== lastHigh) {
        number = index.add(low, high);
        lastLow = low;
        lastHigh = high;
      }
      out[o] = number;
    }
  } else {
    for (let i = 0, last = 0; i < labels.length; i++) {
      const label = labels[i]!;
      if (label !== last) {
        number = index.add(label, 0);
        last = label;
      }
      out[i] = number;
    }
  }
  return { labels: out, ids: originals(index) };
}

/** `table[label]` for every voxel, into `out` where given. A label behind the table: E_KERNEL_ARGUMENT. */
export function applyTable(
  labels: Uint32Array,
  table: BigUint64Array,
  out: BigUint64Array = new BigUint64Array(labels.length),
): BigUint64Array {
  checkOut("applyTable", labels.length, out);
  const from = words(table);
  const to = words(out);
  let last = -1;
  let low = 0;
  let high = 0;
  for (let i = 0, o = 0; i < labels.length; i++, o += 2) {
    const label = labels[i]!;
    if (label !== last) {
      if (label >= table.length) {
        throw new KernelError("E_KERNEL_ARGUMENT", `applyTable: expected labels below ${table.length}, got ${label} at voxel ${i}`);
      }
      low = from[2 * label]!;
      high = from[2 * label + 1]!;
      last = label;
    }
    to[o] = low;
    to[o + 1] = high;
  }
  return out;
}

/** Replaces from[k] by to[k], leaves other labels as they are. `from` is sorted, without repeats; `out` may be `labels`. */
export function remapLabels(
  labels: BigUint64Array,
  from: BigUint64Array,
  to: BigUint64Array,
  out: BigUint64Array = new BigUint64Array(labels.length),
): BigUint64Array {
  checkOut("remapLabels", labels.length, out);
  if (from.length !== to.length) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `remapLabels: expected as many new as old labels, got ${to.length} and ${from.length}`,
    );
  }
  for (let k = 1; k < from.length; k++) {
    if (from[k - 1]! >= from[k]!) {
      throw new KernelError(
        "E_KERNEL_ARGUMENT",
        `remapLabels: expected \`from\` to rise, got ${from[k - 1]}, ${from[k]} at ${k - 1}`,
      );
    }
  }
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
  return out;
}

function originals(index: PairIndex): BigUint64Array {
  const ids = new BigUint64Array(index.size);
  const halves = words(ids);
  for (let k = 0; k < index.size; k++) {
    halves[2 * k] = index.a[k]!;
    halves[2 * k + 1] = index.b[k]!;
  }
  return ids;
}

function checkOut(name: string, voxels: number, out: BigUint64Array): void {
  if (out.length !== voxels) {
    throw new KernelError("E_KERNEL_ARGUMENT", `${name} out: expected ${voxels} voxels as the labels have, got ${out.length}`);
  }
}
