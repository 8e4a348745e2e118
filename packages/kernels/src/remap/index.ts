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
import { assignNumbers, distinct, originals } from "./numbering.ts";
import { gather, replace } from "./replacing.ts";

/** The distinct labels, sorted; 0 counts as any other. */
export function uniqueLabels(labels: Uint32Array): Uint32Array;
export function uniqueLabels(labels: BigUint64Array): BigUint64Array;
export function uniqueLabels(labels: Uint32Array | BigUint64Array): Uint32Array | BigUint64Array {
  const index = distinct(labels);
  return labels instanceof BigUint64Array ? originals(index).sort() : index.a.slice(0, index.size).sort();
}

/** Labels numbered 1…n in the order of their first voxel; `ids[k]` is what k was. 0 stays 0. */
export interface Renumbered {
  labels: Uint32Array;
  ids: BigUint64Array;
}

/** Dense numbers for labels of any integer type, in scan order. Any length; nothing to refuse. */
export function renumber(labels: Uint8Array | Uint16Array | Uint32Array | BigUint64Array): Renumbered {
  const out = new Uint32Array(labels.length);
  return { labels: out, ids: originals(assignNumbers(labels, out)) };
}

/** `table[label]` for every voxel, into `out` where given. A label behind the table, or another length of `out`: E_KERNEL_ARGUMENT. */
export function applyTable(
  labels: Uint32Array,
  table: BigUint64Array,
  out: BigUint64Array = new BigUint64Array(labels.length),
): BigUint64Array {
  checkOut("applyTable", labels.length, out);
  gather(labels, table, out);
  return out;
}

/**
 * Replaces from[k] by to[k], leaves other labels as they are. `from` is sorted, without repeats; `out` may be `labels`.
 * E_KERNEL_ARGUMENT otherwise, and for other lengths.
 */
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
      `remapLabels: expected as many new as old labels, found ${to.length} and ${from.length}`,
    );
  }
  for (let k = 1; k < from.length; k++) {
    if (from[k - 1]! >= from[k]!) {
      throw new KernelError(
        "E_KERNEL_ARGUMENT",
        `remapLabels: expected \`from\` to rise, found ${from[k - 1]}, ${from[k]} at ${k - 1}`,
      );
    }
  }
  replace(labels, from, to, out);
  return out;
}

function checkOut(name: string, voxels: number, out: BigUint64Array): void {
  if (out.length !== voxels) {
    throw new KernelError("E_KERNEL_ARGUMENT", `${name} out: expected ${voxels} voxels as the labels have, found ${out.length}`);
  }
}
