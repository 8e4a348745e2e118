/**
 * Overlap (contingency) table of two label volumes.
 *
 * Idea: both volumes are walked together in runs of a constant pair; a run costs one hash access, a voxel two compares.
 * O(voxels + runs + pairs · log pairs).
 *
 *     const { a, b, voxels } = countOverlaps(truth, segmentation);
 */
import { KernelError } from "../errors.ts";
import { PairTable } from "../hash/pair-table.ts";
import { count } from "./count.ts";

/** Pairs of labels with at least one common voxel, sorted by (a, b), and how many voxels they share. */
export interface OverlapTable {
  a: Uint32Array;
  b: Uint32Array;
  voxels: Float64Array;
}

/**
 * Counts label pairs of two volumes of equal length; other lengths: E_KERNEL_ARGUMENT. Pairs in which either label is 0 are left out
 * unless `includeZero`.
 */
export function countOverlaps(a: Uint32Array, b: Uint32Array, options: { includeZero?: boolean } = {}): OverlapTable {
  if (a.length !== b.length) {
    throw new KernelError(
      "E_KERNEL_ARGUMENT",
      `countOverlaps: expected two volumes of one length, found ${a.length} and ${b.length}`,
    );
  }
  const table = new PairTable();
  count(a, b, options.includeZero === true, table);
  const sorted = table.sorted();
  return { a: sorted.a, b: sorted.b, voxels: sorted.count };
}
