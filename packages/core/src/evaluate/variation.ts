/**
 * Variation of information, and each body's part in it: with N = Σ n(g, s),
 *
 *   split VI = 1/N Σ n(g,s) log2(n(g) / n(g,s)),  merge VI = 1/N Σ n(g,s) log2(n(s) / n(g,s))
 *
 * A truth body g has the terms of its row in both sums (fragmentation; their total is its badness), a segment s its column in the second.
 * Reference: M. Meila, "Comparing clusterings", J. Multivariate Anal. 98 (2007).
 */
import type { CountedTable } from "./counted-table.ts";

export interface Variation {
  readonly split_vi: number;
  readonly merge_vi: number;
  /** By position of the truth's id; 0 where it is not measured. */
  readonly splitOfTruth: Float64Array;
  readonly mergeOfTruth: Float64Array;
  /** By position of the segment's id. */
  readonly mergeOfSegment: Float64Array;
}

/** All 0 when nothing counts. Sums run in the order of the pairs. */
export function variationOf(table: CountedTable): Variation {
  const { truth, segment, voxels, truthSizes, segmentSizes, measured, size } = table;
  const splitOfTruth = new Float64Array(truthSizes.length);
  const mergeOfTruth = new Float64Array(truthSizes.length);
  const mergeOfSegment = new Float64Array(segmentSizes.length);
  let split = 0;
  let merge = 0;
  for (let i = 0; i < voxels.length; i++) {
    const t = truth[i]!;
    if (measured[t] === 0) continue;
    const s = segment[i]!;
    const n = voxels[i]!;
    const splitTerm = n * Math.log2(truthSizes[t]! / n);
    const mergeTerm = n * Math.log2(segmentSizes[s]! / n);
    split += splitTerm;
    merge += mergeTerm;
    splitOfTruth[t]! += splitTerm;
    mergeOfTruth[t]! += mergeTerm;
    mergeOfSegment[s]! += mergeTerm;
  }
  const divisor = size === 0 ? 1 : size;
  for (const list of [splitOfTruth, mergeOfTruth, mergeOfSegment]) for (let k = 0; k < list.length; k++) list[k]! /= divisor;
  return { split_vi: split / divisor, merge_vi: merge / divisor, splitOfTruth, mergeOfTruth, mergeOfSegment };
}
