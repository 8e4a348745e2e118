/** The scans that give numbers to labels: a run of one label costs one hash access. */
import { PairIndex } from "../hash/pair-index.ts";
import { words } from "../words.ts";

/** The distinct labels in the order of their first voxel: low and high words (high: 0 for uint32). */
export function distinct(labels: Uint32Array | BigUint64Array): PairIndex {
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
    return index;
  }
  for (let i = 0; i < labels.length; ) {
    const label = labels[i]!;
    index.add(label, 0);
    do i++;
    while (i < labels.length && labels[i] === label);
  }
  return index;
}

/** Writes the number of every label into `out` (of the labels' length), 0 for 0; the originals by number. */
export function assignNumbers(labels: Uint8Array | Uint16Array | Uint32Array | BigUint64Array, out: Uint32Array): PairIndex {
  const index = new PairIndex();
  index.add(0, 0);
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
  return index;
}

/** The labels of an index as uint64, by number. */
export function originals(index: PairIndex): BigUint64Array {
  const ids = new BigUint64Array(index.size);
  const halves = words(ids);
  for (let k = 0; k < index.size; k++) {
    halves[2 * k] = index.a[k]!;
    halves[2 * k + 1] = index.b[k]!;
  }
  return ids;
}
